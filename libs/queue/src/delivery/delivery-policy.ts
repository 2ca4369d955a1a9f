import { type BackoffOptions, equalJitter, isSafeSyncError } from '@safesync/core';
import type { DeliveryOutcome } from '../handler/delivery-outcome.js';
import type { Interruption } from './held-entry.js';

/** Where a delivery failed: before anything was done, reading the entry, checking its payload, or in the transaction, commit included. */
export type DeliveryStage = 'start' | 'decode' | 'validate' | 'handler';

/** Everything the policy may look at. */
export interface DeliveryFailure {
  readonly stage: DeliveryStage;
  readonly error: unknown;
  /** As counted by Redis, the failed delivery included. */
  readonly deliveryCount: number;
  /** The handler or a filter decided by itself; the transaction is rolled back. */
  readonly requested?: DeliveryOutcome | undefined;
  /** The consumer ended the delivery from outside. */
  readonly interruption?: Interruption | undefined;
  /**
   * Set when the error says that the database cannot be reached: whether it answered when asked right after. If it did, the
   * message broke its own connection and the failure counts.
   */
  readonly databaseAnswers?: boolean | undefined;
}

/** Why a message ends in the dead-letter stream; a bounded set, so that it can label a metric. */
export type DeadLetterCause = 'malformed' | 'invalid' | 'non_retryable' | 'forgotten' | 'max_deliveries' | 'requested';

/** What becomes of an entry whose delivery did not end in a commit. */
export type DeliveryDecision =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'deadLetter'; readonly cause: DeadLetterCause; readonly reason: string }
  /**
   * The database is away: stop starting messages until it answers, then deliver this one again without counting. Or another transaction
   * is doing the same message.
   */
  | { readonly kind: 'awaitDatabase' }
  /** The process stops: another consumer may have it at once, this delivery not counted. */
  | { readonly kind: 'giveBack' }
  /** It belongs to another consumer now; nothing may be written about it. */
  | { readonly kind: 'letGo' };

export interface DeliveryPolicyOptions {
  readonly maxDeliveries: number;
  readonly retry: BackoffOptions;
}

/** Failure to decision, without I/O, clock or state. The first rule that applies stands. */
export function decideDelivery(
  failure: DeliveryFailure,
  options: DeliveryPolicyOptions,
  random: () => number = Math.random,
): DeliveryDecision {
  return (
    notTheMessagesDoing(failure) ??
    askedForByTheHandler(failure) ??
    hopeless(failure, options.maxDeliveries) ?? {
      kind: 'retry',
      afterMs: requestedDelay(failure) ?? equalJitter(options.retry, failure.deliveryCount, random),
    }
  );
}

function notTheMessagesDoing({ interruption, databaseAnswers, error }: DeliveryFailure): DeliveryDecision | undefined {
  if (interruption === 'leaseLost') return { kind: 'letGo' };
  if (interruption === 'stopping') return { kind: 'giveBack' };
  // what it waits for is in the database as well: a transaction that does the same message
  const isWaiting = databaseAnswers === false || isSafeSyncError(error, 'INBOX_BUSY');
  return isWaiting ? { kind: 'awaitDatabase' } : undefined;
}

function askedForByTheHandler({ requested }: DeliveryFailure): DeliveryDecision | undefined {
  if (requested?.kind === 'acknowledge') return { kind: 'acknowledge' };
  return requested?.kind === 'deadLetter' ? deadLetter('requested', requested.reason) : undefined;
}

function hopeless(
  { stage, error, deliveryCount }: DeliveryFailure,
  maxDeliveries: number,
): DeliveryDecision | undefined {
  if (stage === 'decode') return deadLetter('malformed');
  if (stage === 'validate' || isSafeSyncError(error, 'PAYLOAD_INVALID')) return deadLetter('invalid');
  if (isSafeSyncError(error, 'NON_RETRYABLE')) return deadLetter('non_retryable');
  if (isSafeSyncError(error, 'INBOX_RETENTION')) return deadLetter('forgotten');
  return deliveryCount >= maxDeliveries ? deadLetter('max_deliveries') : undefined;
}

function requestedDelay({ requested }: DeliveryFailure): number | undefined {
  return requested?.kind === 'retry' ? requested.delayMs : undefined;
}

function deadLetter(cause: DeadLetterCause, reason: string = cause): DeliveryDecision {
  return { kind: 'deadLetter', cause, reason };
}

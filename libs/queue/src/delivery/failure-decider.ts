import { isSafeSyncError } from '@safesync/core';
import { isConnectionError } from '@safesync/db';
import { RolledBackOutcome } from '../handler/handler-invoker.js';
import type { DatabaseGate } from './database-gate.js';
import { DeliveriesExhaustedError, LeaseLostError, UnreadableThrowError } from './delivery.errors.js';
import {
  type DeliveryDecision,
  type DeliveryFailure,
  type DeliveryPolicyOptions,
  decideDelivery,
} from './delivery-policy.js';
import { framesOf, summarizeError } from './error-summary.js';
import type { HeldEntry } from './held-entry.js';

export type Failure = Pick<DeliveryFailure, 'stage' | 'error'>;

export interface FailureDeciderParts {
  readonly gate: Pick<DatabaseGate, 'ask'>;
  readonly policy: DeliveryPolicyOptions;
}

/** Finds out what the policy has to know about a failed delivery, asks it, and has the entry remember. */
export class FailureDecider {
  constructor(private readonly parts: FailureDeciderParts) {}

  /** What was thrown may be anything, a proxy or a getter that throws too: then it counts as a failure of the handler. */
  async decide(failure: Failure, held: HeldEntry): Promise<DeliveryDecision> {
    try {
      return await this.decideReadable(failure, held);
    } catch {
      return this.decideReadable({ stage: failure.stage, error: new UnreadableThrowError() }, held);
    }
  }

  private async decideReadable({ stage, error }: Failure, held: HeldEntry): Promise<DeliveryDecision> {
    const databaseAnswers = isDatabaseFault(error) ? await this.askDatabase(held) : undefined;
    const { interruption, deliveryCount } = held;
    const requested = error instanceof RolledBackOutcome ? error.outcome : undefined;
    const failure = { stage, error, deliveryCount, requested, interruption, databaseAnswers };
    const decision = decideDelivery(failure, this.parts.policy);
    held.remember(summarizeError(error), stage === 'handler' && !requested ? framesOf(error) : '');
    return decision;
  }

  /** A message that brings the database down again and again must not do so for ever, so that after some times it counts. */
  private async askDatabase(held: HeldEntry): Promise<boolean> {
    if (held.uncounted >= MAX_UNCOUNTED || (await this.parts.gate.ask())) return true;
    held.uncounted += 1;
    return false;
  }
}

const MAX_UNCOUNTED = 5;

/** Throws when the handler must not be run for this delivery. Whether its deliveries are used up matters to an inbox only for what is new. */
export function requireDeliverable(
  held: HeldEntry,
  { policy: { maxDeliveries }, inbox }: { readonly policy: DeliveryPolicyOptions; readonly inbox: object | undefined },
): void {
  const { id, deliveryCount, interruption } = held;
  if (interruption === 'leaseLost') throw new LeaseLostError(id);
  if (!inbox && deliveryCount > maxDeliveries) throw new DeliveriesExhaustedError(deliveryCount, maxDeliveries);
}

export function isDatabaseFault(error: unknown): boolean {
  // a handler that went on after the loss of its connection throws what the session says to every further statement
  if (isSafeSyncError(error, 'SESSION_ABORTED')) return isConnectionError(error.cause);
  return isConnectionError(error);
}

import { isSafeSyncError, type MetricsRecorder } from '@safesync/core';
import { type DbSession, type DbSessions, isConnectionError, type SessionOptions } from '@safesync/db';
import { DeliveryContext } from '../handler/delivery-context.js';
import { type HandlerInvoker, RolledBackOutcome } from '../handler/handler-invoker.js';
import { type PayloadValidator, replacePayload } from '../handler/payload-validation.js';
import type { JsonCodec } from '../message/json.codec.js';
import { isForOthers, type Message, readMessage } from '../message/message.js';
import { DELIVERIES, HANDLER_DURATION } from '../queue.metrics.js';
import type { AckBatch } from './ack-batch.js';
import type { DatabaseGate } from './database-gate.js';
import { DeliveriesExhaustedError, LeaseLostError, UnreadableThrowError } from './delivery.errors.js';
import {
  type DeliveryDecision,
  type DeliveryFailure,
  type DeliveryPolicyOptions,
  type DeliveryStage,
  decideDelivery,
} from './delivery-policy.js';
import { DeliverySignal } from './delivery-signal.js';
import { framesOf, summarizeError } from './error-summary.js';
import type { HeldEntry } from './held-entry.js';
import { type Inbox, requireRemembered } from './inbox.js';
import type { LeaseKeeper } from './lease-keeper.js';

type Failure = Pick<DeliveryFailure, 'stage' | 'error'>;
/**
 * `duplicate`: an earlier transaction has done the message, this one was empty. `skipped`: the replay of a dead letter of another group.
 */
type Completion = 'done' | 'duplicate' | 'skipped';

/** What a delivery is made of. */
export interface DeliveryParts {
  readonly stream: string;
  readonly group: string;
  readonly codec: JsonCodec;
  readonly validate: PayloadValidator | undefined;
  readonly sessions: Pick<DbSessions, 'run'>;
  readonly session: SessionOptions;
  readonly handler: HandlerInvoker;
  readonly acks: Pick<AckBatch, 'add'>;
  readonly leases: Pick<LeaseKeeper, 'renew' | 'confirm'>;
  readonly gate: Pick<DatabaseGate, 'ask'>;
  /** Only for handlers that are `exactlyOnce`. */
  readonly inbox: Inbox | undefined;
  readonly policy: DeliveryPolicyOptions;
  readonly metrics: MetricsRecorder;
}

/**
 * The path of one message, the same for fresh, retried and claimed entries:
 *
 * 1. decode the entry and check its payload,
 * 2. run the handler in one transaction, behind its inbox if it has one,
 * 3. acknowledge, after the commit is known and outside of the transaction: a failed acknowledgement is not a failed handler.
 *
 * Never rejects. A failure is rolled back and comes back as a decision; `undefined` says that the message is done.
 */
export class MessageDelivery {
  constructor(private readonly parts: DeliveryParts) {}

  async deliver(held: HeldEntry): Promise<DeliveryDecision | undefined> {
    const startedAt = performance.now();
    const ending = await this.attempt(held); // 1 and 2
    if (typeof ending === 'string') {
      this.parts.acks.add(held); // 3
      this.record(startedAt, ending);
      return undefined;
    }
    const decision = await this.decideSafely(ending, held);
    this.record(startedAt, decision.kind);
    return decision;
  }

  /** A completion when the transaction is known to be committed; else what stopped it, everything rolled back. */
  private async attempt(held: HeldEntry): Promise<Completion | Failure> {
    const { sessions, session, codec, validate } = this.parts;
    const signal = new DeliverySignal();
    held.begin(signal);
    let stage: DeliveryStage = 'start';
    try {
      this.requireDeliverable(held);
      stage = 'decode';
      const message = readMessage(held.entry, this.parts, codec);
      if (isForOthers(message)) return 'skipped';
      stage = 'validate';
      if (validate) replacePayload(message, await validate(message.payload));
      stage = 'handler';
      return await sessions.run((tx) => this.handle(message, tx, held), { ...session, signal });
    } catch (error) {
      return { stage, error };
    } finally {
      held.end();
    }
  }

  private requireDeliverable({ id, deliveryCount, interruption }: HeldEntry): void {
    const { maxDeliveries } = this.parts.policy;
    if (interruption === 'leaseLost') throw new LeaseLostError(id);
    if (deliveryCount > maxDeliveries) throw new DeliveriesExhaustedError(deliveryCount, maxDeliveries);
  }

  /** Everything of the transaction between BEGIN and COMMIT. */
  private async handle(message: Message, session: DbSession, held: HeldEntry): Promise<Completion> {
    const { inbox } = this.parts;
    if (inbox) {
      if (!(await inbox.remember(message, session))) return 'duplicate';
      requireRemembered(message, inbox);
    }
    const renew = (): Promise<boolean> => this.parts.leases.renew(held);
    await this.parts.handler(message, session, new DeliveryContext(session, held.deliveryCount, held.attempt, renew));
    const confirming = this.parts.leases.confirm(held);
    if (confirming) await confirming;
    return 'done';
  }

  /** What was thrown may be anything, a proxy or a getter that throws too: then it counts as a failure of the handler. */
  private async decideSafely(failure: Failure, held: HeldEntry): Promise<DeliveryDecision> {
    try {
      return await this.decide(failure, held);
    } catch {
      return this.decide({ stage: failure.stage, error: new UnreadableThrowError() }, held);
    }
  }

  private async decide({ stage, error }: Failure, held: HeldEntry): Promise<DeliveryDecision> {
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

  private record(startedAt: number, outcome: string): void {
    const { stream, group, metrics } = this.parts;
    metrics.add(DELIVERIES, { stream, group, outcome });
    metrics.observe(HANDLER_DURATION, { stream, group, outcome }, (performance.now() - startedAt) / 1_000);
  }
}

const MAX_UNCOUNTED = 5;

function isDatabaseFault(error: unknown): boolean {
  // a handler that went on after the loss of its connection throws what the session says to every further statement
  if (isSafeSyncError(error, 'SESSION_ABORTED')) return isConnectionError(error.cause);
  return isConnectionError(error);
}

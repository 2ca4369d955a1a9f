import type { MetricsRecorder } from '@safesync/core';
import type { DbSession, DbSessions, SessionOptions } from '@safesync/db';
import { DeliveryContext } from '../handler/delivery-context.js';
import type { HandlerInvoker } from '../handler/handler-invoker.js';
import { type PayloadValidator, replacePayload } from '../handler/payload-validation.js';
import type { JsonCodec } from '../message/json.codec.js';
import { isForOthers, type Message, readMessage } from '../message/message.js';
import { DELIVERIES, HANDLER_DURATION } from '../queue.metrics.js';
import type { AckBatch } from './ack-batch.js';
import type { DatabaseGate } from './database-gate.js';
import type { DeliveryDecision, DeliveryPolicyOptions, DeliveryStage } from './delivery-policy.js';
import { DeliverySignal } from './delivery-signal.js';
import { type Failure, FailureDecider, requireDeliverable } from './failure-decider.js';
import type { HeldEntry } from './held-entry.js';
import type { InboxGate } from './inbox.js';
import type { LeaseKeeper } from './lease-keeper.js';

/**
 * `duplicate`: an earlier transaction has done the message, this one was empty. `skipped`: the replay of a dead letter of another group.
 */
export type Completion = 'done' | 'duplicate' | 'skipped';

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
  readonly inbox: InboxGate | undefined;
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
  private readonly failures: FailureDecider;

  constructor(private readonly parts: DeliveryParts) {
    this.failures = new FailureDecider(parts);
  }

  async deliver(held: HeldEntry): Promise<DeliveryDecision | undefined> {
    const startedAt = performance.now();
    const ending = await this.attempt(held); // 1 and 2
    if (typeof ending === 'string') {
      this.parts.acks.add(held); // 3
      this.record(startedAt, ending);
      return undefined;
    }
    const decision = await this.failures.decide(ending, held);
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
      requireDeliverable(held, this.parts);
      stage = 'decode';
      const message = readMessage(held.entry, this.parts, codec, held.takeDecoded());
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

  /** Everything of the transaction between BEGIN and COMMIT. */
  private async handle(message: Message, session: DbSession, held: HeldEntry): Promise<Completion> {
    const { inbox } = this.parts;
    if (inbox && !(await inbox.admit(message, session))) return 'duplicate';
    const renew = (): Promise<boolean> => this.parts.leases.renew(held);
    const context = new DeliveryContext(session, held.deliveryCount, held.attempt, renew);
    held.enter();
    try {
      await this.parts.handler(message, session, context);
    } finally {
      held.leave();
    }
    const confirming = this.parts.leases.confirm(held);
    if (confirming) await confirming;
    return 'done';
  }

  private record(startedAt: number, outcome: string): void {
    const { stream, group, metrics } = this.parts;
    metrics.add(DELIVERIES, { stream, group, outcome });
    metrics.observe(HANDLER_DURATION, { stream, group, outcome }, (performance.now() - startedAt) / 1_000);
  }
}

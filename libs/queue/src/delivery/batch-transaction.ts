import type { DbSession } from '@safesync/db';
import type { BatchMode } from '../handler/batch.options.js';
import { BatchContext } from '../handler/batch-context.js';
import type { BatchInvoker, BatchOutcomes } from '../handler/batch-invoker.js';
import { DeliveryContext } from '../handler/delivery-context.js';
import { type HandlerInvoker, RolledBackOutcome } from '../handler/handler-invoker.js';
import type { Message } from '../message/message.js';
import type { DeliveryStage } from './delivery-policy.js';
import type { HeldEntry } from './held-entry.js';
import type { InboxGate } from './inbox.js';
import type { LeaseKeeper } from './lease-keeper.js';

/** The end of one message that is not that of its batch: its own failure, or without an error a duplicate. */
export interface OwnEnd {
  readonly held: HeldEntry;
  readonly stage: DeliveryStage;
  /** Never undefined where something was thrown. */
  readonly error: unknown;
}

type Messages = ReadonlyMap<HeldEntry, Message>;

/** Everything between BEGIN and COMMIT for the messages of a batch. Rejects when nothing of it may be committed. */
export interface BatchTransaction {
  readonly mode: BatchMode;
  /** Adds to `own` what becomes of single messages when the rest commits. */
  run(messages: Messages, session: DbSession, own: OwnEnd[]): Promise<void>;
}

/** The handler wants another end than a commit for some of the messages: nothing may be committed with them. */
export class BatchLeftOut extends Error {
  constructor(readonly ends: readonly OwnEnd[]) {
    super(`The handler decided on ${ends.length} messages by themselves.`);
    this.name = 'BatchLeftOut';
  }
}

interface TransactionParts {
  readonly inbox: InboxGate | undefined;
  readonly leases: Pick<LeaseKeeper, 'renewTogether' | 'confirmTogether'>;
}

/** The handler gets all messages at once. */
export class TogetherTransaction implements BatchTransaction {
  readonly mode = 'together';

  constructor(
    private readonly parts: TransactionParts,
    private readonly invoke: BatchInvoker,
  ) {}

  async run(all: Messages, session: DbSession, own: OwnEnd[]): Promise<void> {
    const messages = await this.unknownOf(all, session, own);
    const held = [...messages.keys()];
    if (held.length > 0) leftOut(held, await this.handle(held, [...messages.values()], session));
    await this.parts.leases.confirmTogether([...all.keys()]);
  }

  private async handle(
    held: readonly HeldEntry[],
    messages: readonly Message[],
    session: DbSession,
  ): Promise<BatchOutcomes | undefined> {
    const deliveryCount = Math.max(...held.map((each) => each.deliveryCount));
    const attempt = Math.max(...held.map((each) => each.attempt));
    const renew = (): Promise<boolean> => this.parts.leases.renewTogether(held);
    const context = new BatchContext(session, { deliveryCount, attempt }, held.length, renew);
    for (const each of held) each.enter();
    try {
      return await this.invoke(messages, session, context);
    } finally {
      for (const each of held) each.leave();
    }
  }

  private async unknownOf(all: Messages, session: DbSession, own: OwnEnd[]): Promise<Messages> {
    const { inbox } = this.parts;
    if (!inbox) return all;
    const unknown = new Map<HeldEntry, Message>();
    for (const [held, message] of all) {
      if (await inbox.admit(message, session)) unknown.set(held, message);
      else own.push({ held, stage: 'handler', error: undefined });
    }
    return unknown;
  }
}

/** The handler gets one message after the other, each in a savepoint. */
export class EachTransaction implements BatchTransaction {
  readonly mode = 'each';

  constructor(
    private readonly parts: TransactionParts,
    private readonly invoke: HandlerInvoker,
  ) {}

  async run(all: Messages, session: DbSession, own: OwnEnd[]): Promise<void> {
    const held = [...all.keys()];
    const renew = (): Promise<boolean> => this.parts.leases.renewTogether(held);
    for (const each of held) each.enter();
    try {
      for (const [each, message] of all) await this.runOne(each, message, session, renew, own);
    } finally {
      for (const each of held) each.leave();
    }
    await this.parts.leases.confirmTogether(held);
  }

  private async runOne(
    held: HeldEntry,
    message: Message,
    session: DbSession,
    renew: () => Promise<boolean>,
    own: OwnEnd[],
  ): Promise<void> {
    const { inbox } = this.parts;
    try {
      const isDone = await session.savepoint(async () => {
        if (inbox && !(await inbox.admit(message, session))) return false;
        await this.invoke(message, session, new DeliveryContext(session, held.deliveryCount, held.attempt, renew));
        return true;
      });
      if (!isDone) own.push({ held, stage: 'handler', error: undefined });
    } catch (error) {
      // nothing of the transaction can be committed any more, whoever is to blame
      if (!session.isActive) throw error;
      own.push({ held, stage: 'handler', error: error ?? new Error('nothing was thrown') });
    }
  }
}

/** Throws when not every message is done: what was written for all of them cannot be committed for some. */
function leftOut(held: readonly HeldEntry[], outcomes: BatchOutcomes | undefined): void {
  const ends: OwnEnd[] = [];
  held.forEach((each, index) => {
    const outcome = outcomes?.[index];
    if (outcome && outcome.kind !== 'acknowledge') {
      ends.push({ held: each, stage: 'handler', error: new RolledBackOutcome(outcome) });
    }
  });
  if (ends.length > 0) throw new BatchLeftOut(ends);
}

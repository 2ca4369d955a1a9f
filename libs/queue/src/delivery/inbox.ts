import { isSafeSyncError } from '@safesync/core';
import type { DbSession } from '@safesync/db';
import type { Message } from '../message/message.js';
import { addedAtMs } from '../stream/stream-entry.js';
import { DeliveriesExhaustedError, InboxBusyError, InboxRetentionError } from './delivery.errors.js';

/**
 * Which messages a group has done, written down in the transaction that does them: what makes `exactlyOnce` of a handler true.
 * Provided by `SafeSyncOutboxModule`.
 */
export interface Inbox {
  /** A message is remembered for so long after it was done, in ms. */
  readonly retentionMs: number;
  /** Throws when the inbox of the handler's database cannot be used. Called once, at boot. */
  prepare(): Promise<void>;
  /**
   * Writes the message down in the session's transaction; to be called before anything else happens in it. False: an earlier
   * transaction has done the message. Waits for one that is doing it now.
   */
  remember(message: Message, session: DbSession): Promise<boolean>;
}

/** What a handler that is `exactlyOnce` asks before each message: whether it was done, and whether it may be done still. */
export class InboxGate {
  constructor(
    private readonly inbox: Inbox,
    private readonly maxDeliveries: number,
  ) {}

  /**
   * True: the message is new, and written down in the session's transaction. False: it was done before, however often it was delivered
   * since. Throws `InboxBusyError` while another transaction is doing it, and for a new one whose deliveries are used up
   * (`DeliveriesExhaustedError`) or that may have been done before the inbox forgot it (`InboxRetentionError`).
   */
  async admit(message: Message, session: DbSession): Promise<boolean> {
    if (!(await this.remember(message, session))) return false;
    const { deliveryCount } = message;
    if (deliveryCount > this.maxDeliveries) throw new DeliveriesExhaustedError(deliveryCount, this.maxDeliveries);
    this.requireRemembered(message);
    return true;
  }

  private async remember(message: Message, session: DbSession): Promise<boolean> {
    try {
      return await this.inbox.remember(message, session);
    } catch (error) {
      throw isSafeSyncError(error, 'LOCK_TIMEOUT') ? new InboxBusyError(message.entryId, error) : error;
    }
  }

  private requireRemembered({ entryId, deliveryCount }: Message): void {
    if (deliveryCount === 1) return;
    const { retentionMs } = this.inbox;
    const addedAt = addedAtMs(entryId);
    if (addedAt !== undefined && Date.now() - addedAt > retentionMs)
      throw new InboxRetentionError(entryId, retentionMs);
  }
}

/** Injection token of the inbox of a database; `db` is its name in `SafeSyncDbModule.forRoot({ name })`. */
export function getInboxToken(db: string): symbol {
  return Symbol.for(`@safesync/inbox/${db}`);
}

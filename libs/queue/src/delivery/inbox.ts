import type { DbSession } from '@safesync/db';
import type { Message } from '../message/message.js';
import { addedAtMs } from '../stream/stream-entry.js';
import { InboxRetentionError } from './delivery.errors.js';

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

/** Throws `InboxRetentionError` for a new message that may have been done so long ago that the inbox has forgotten it. */
export function requireRemembered(
  { entryId, deliveryCount }: Message,
  { retentionMs }: Inbox,
  now: number = Date.now(),
): void {
  if (deliveryCount === 1) return;
  const addedAt = addedAtMs(entryId);
  if (addedAt !== undefined && now - addedAt > retentionMs) throw new InboxRetentionError(entryId, retentionMs);
}

/** Injection token of the inbox of a database; `db` is its name in `SafeSyncDbModule.forRoot({ name })`. */
export function getInboxToken(db: string): symbol {
  return Symbol.for(`@safesync/inbox/${db}`);
}

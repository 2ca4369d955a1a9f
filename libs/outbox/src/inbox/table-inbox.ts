import { createHash } from 'node:crypto';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { type DbSession, type DbSessions, IdempotentInserts, orSchemaMissing } from '@safesync/db';
import type { Inbox, Message } from '@safesync/queue';
import type { TablePurge } from '../purge/table-purge.js';

export const INBOX_TABLE = 'safesync_inbox';

/** The inbox of one database: a row per message and group, inserted in the transaction that does the message. */
export class TableInbox implements Inbox, BeforeApplicationShutdown {
  private readonly inserts = new IdempotentInserts();
  private prepared: Promise<void> | undefined;

  constructor(
    private readonly sessions: DbSessions,
    private readonly purge: TablePurge,
    readonly retentionMs: number,
  ) {}

  /** Throws `SchemaMissingError` when the table is not there. An inbox that nobody prepares costs nothing. */
  prepare(): Promise<void> {
    this.prepared ??= this.requireTable();
    return this.prepared;
  }

  remember(message: Message, session: DbSession): Promise<boolean> {
    return this.inserts.insert(session, INBOX_TABLE, { id: inboxKey(message) });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.purge.stop();
  }

  private async requireTable(): Promise<void> {
    try {
      await this.sessions.run((session) => session.fetchAll(`SELECT id FROM ${INBOX_TABLE} LIMIT 0`));
    } catch (error) {
      throw orSchemaMissing(error, INBOX_TABLE);
    }
    this.purge.start();
  }
}

/** One length for ids of any length, and no two alike: each part says how long it is. */
export function inboxKey({ stream, group, id }: Pick<Message, 'stream' | 'group' | 'id'>): Buffer {
  const digest = createHash('sha256');
  for (const part of [stream, group, id]) digest.update(`${Buffer.byteLength(part)}:`).update(part);
  return digest.digest();
}

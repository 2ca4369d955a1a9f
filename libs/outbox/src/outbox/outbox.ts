import { type DbSession, type DbSessions, orSchemaMissing } from '@safesync/db';
import { compileStreamSchema, type PayloadGuard, type QueueStreams, type RegisteredStream } from '@safesync/queue';
import { OutboxMessageError, OutboxSessionError } from '../outbox.errors.js';
import type { OutboxRelay } from './outbox-relay.js';
import { TABLE } from './outbox-table.js';
import { insertRows, type OutboxMessage, type OutboxMessageOptions, outgoingRow } from './outgoing-rows.js';
import { makeAvailable, type OutboxFailure, readBacklog, readFailures, type StreamBacklog } from './waiting-rows.js';

/** What waits in the outbox of one database. */
export interface OutboxStats {
  /** Committed, due and not published. */
  readonly waiting: number;
  /** Committed with a delay that has not passed. */
  readonly scheduled: number;
  /** Of all of them, those that Redis has refused at least once. */
  readonly failed: number;
  /** How long the oldest one has been due, in ms; 0 where none is. */
  readonly oldestAgeMs: number;
  readonly streams: readonly StreamBacklog[];
}

/** Publishes from inside a transaction: a message is there exactly if the transaction commits. */
export class Outbox {
  /** By stream, where it has a schema. */
  private readonly guards = new Map<string, Promise<PayloadGuard>>();

  constructor(
    private readonly sessions: DbSessions,
    private readonly streams: QueueStreams,
    private readonly relay: OutboxRelay | undefined,
  ) {}

  /**
   * Writes one message as part of the session's transaction, one INSERT, and returns its id. It reaches the stream after the commit, at
   * least once, every time under that id; after a rollback never, nor when an enclosing savepoint is undone.
   *
   * Nothing was written: `OutboxSessionError`, `UnknownStreamError`, `OutboxMessageError`, `PayloadNotSerializableError`,
   * `PayloadLimitError`, `PublishPayloadInvalidError` (the stream's schema), `SchemaMissingError`, and whatever `session.execute` rejects with.
   */
  async publish(
    session: DbSession,
    stream: string,
    payload: object,
    options: OutboxMessageOptions = {},
  ): Promise<string> {
    const [id] = await this.publishMany(session, stream, [{ ...options, payload }]);
    return id as string;
  }

  /**
   * Writes messages in their order, up to 128 in one INSERT, and returns their ids. One that cannot be encoded fails all of them
   * before anything is written.
   */
  async publishMany(session: DbSession, stream: string, messages: readonly OutboxMessage[]): Promise<string[]> {
    this.requireSession(session);
    const registered = this.streams.require(stream);
    if (!Array.isArray(messages)) throw new OutboxMessageError('messages is no list');
    const checked = registered.schema === undefined ? messages : await this.check(registered, messages);
    const rows = checked.map((message) => outgoingRow(registered, message));
    const ids = await insertRows(session, stream, rows).catch((error: unknown) => {
      throw orSchemaMissing(error, TABLE);
    });
    if (rows.length > 0)
      this.afterCommit(
        session,
        registered,
        ids,
        rows.map(({ delayMs }) => delayMs),
      );
    return rows.map(({ messageId }) => messageId);
  }

  /** Counts what waits; reads every waiting row. */
  async stats(): Promise<OutboxStats> {
    const streams = await this.sessions.run(readBacklog);
    const sum = (of: (backlog: StreamBacklog) => number): number => streams.reduce((total, one) => total + of(one), 0);
    return {
      waiting: sum(({ waiting }) => waiting),
      scheduled: sum(({ scheduled }) => scheduled),
      failed: sum(({ failing }) => failing),
      oldestAgeMs: Math.max(0, ...streams.map(({ oldestMs }) => oldestMs)),
      streams,
    };
  }

  /** Messages that Redis has refused, oldest first, at most `limit`. They are tried again by themselves. */
  failures(limit = 100): Promise<OutboxFailure[]> {
    return this.sessions.run((session) => readFailures(session, limit));
  }

  /** Has failed messages tried again now, and what waits behind them; how many of `ids` (of `failures`) were waiting. */
  async retry(ids: readonly string[]): Promise<number> {
    const known = ids.map((id) => BigInt(id));
    const count = await this.sessions.run((session) => makeAvailable(session, known));
    this.relay?.lookSoon();
    return count;
  }

  /** What the stream's schema makes of the payloads. */
  private async check(
    { name, schema }: RegisteredStream,
    messages: readonly OutboxMessage[],
  ): Promise<readonly OutboxMessage[]> {
    let guard = this.guards.get(name);
    if (guard === undefined && schema !== undefined) {
      guard = compileStreamSchema(schema);
      this.guards.set(name, guard);
    }
    const check = await guard;
    if (check === undefined) return messages;
    return Promise.all(messages.map(async (message) => ({ ...message, payload: await check(name, message.payload) })));
  }

  private afterCommit(
    session: DbSession,
    stream: RegisteredStream,
    ids: readonly bigint[],
    delays: readonly number[],
  ): void {
    const { relay } = this;
    if (relay === undefined) return;
    const now = ids.filter((_, at) => delays[at] === 0);
    const later = delays.filter((delayMs) => delayMs > 0);
    session.afterCommit(() => relay.committed(stream.name, now, later));
  }

  private requireSession(session: unknown): void {
    if (!isSession(session)) throw new OutboxSessionError('something else');
    if (!this.sessions.owns(session)) throw new OutboxSessionError('a session of another database');
  }
}

/** By shape: a session may come from another installed copy. */
function isSession(value: unknown): value is DbSession {
  if (typeof value !== 'object' || value === null) return false;
  const { executeResult, afterCommit, internals } = value as Partial<DbSession>;
  return typeof executeResult === 'function' && typeof afterCommit === 'function' && typeof internals === 'object';
}

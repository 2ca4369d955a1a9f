import type { DbSession } from '@safesync/db';
import { CLAIM_INDEX, ORDER_INDEX, TABLE } from './outbox-table.js';
import { sqlList } from './sql-lists.js';

/** What waits in one stream. */
export interface StreamBacklog {
  readonly stream: string;
  /** Committed, due and not published. */
  readonly waiting: number;
  /** Committed and not due yet. */
  readonly scheduled: number;
  /** Of all of them, those that Redis has refused at least once. */
  readonly failing: number;
  /** Since when the oldest one has been due, in ms; 0 where none is. */
  readonly oldestMs: number;
}

/** Of each stream how long until its first row can be claimed, in ms, in order; undefined where none waits. One statement. */
export async function nextDue(session: DbSession, streams: readonly string[]): Promise<(number | undefined)[]> {
  if (streams.length === 0) return [];
  const probes = streams.map(
    (_, at) =>
      `(SELECT TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), MIN(available_at)) FROM ${TABLE} FORCE INDEX (${CLAIM_INDEX}) ` +
      `WHERE state = 0 AND stream = :stream${at}) AS wait${at}`,
  );
  const params = Object.fromEntries(streams.map((stream, at) => [`stream${at}`, stream]));
  const row = await session.fetchOne<Record<string, bigint | null>>(`SELECT ${probes.join(', ')}`, params);
  return streams.map((_, at) => {
    const wait = row?.[`wait${at}`] ?? null;
    return wait === null ? undefined : Number(wait) / 1_000;
  });
}

/** Counts what waits, by stream. Reads every waiting row. */
export async function readBacklog(session: DbSession): Promise<StreamBacklog[]> {
  const rows = await session.fetchAll<
    Record<'waiting' | 'scheduled' | 'failing' | 'oldest', unknown> & { stream: Buffer }
  >(
    'SELECT stream, COUNT(CASE WHEN due_at <= UTC_TIMESTAMP(6) THEN 1 END) AS waiting, ' +
      'COUNT(CASE WHEN due_at > UTC_TIMESTAMP(6) THEN 1 END) AS scheduled, COUNT(CASE WHEN attempts > 0 THEN 1 END) AS failing, ' +
      'TIMESTAMPDIFF(MICROSECOND, MIN(due_at), UTC_TIMESTAMP(6)) AS oldest ' +
      `FROM ${TABLE} FORCE INDEX (${CLAIM_INDEX}) WHERE state = 0 GROUP BY stream`,
  );
  return rows.map(({ stream, waiting, scheduled, failing, oldest }) => ({
    stream: stream.toString('utf8'),
    waiting: Number(waiting),
    scheduled: Number(scheduled),
    failing: Number(failing),
    oldestMs: Math.max(0, Number(oldest) / 1_000),
  }));
}

/** A message that Redis has refused at least once and that is tried again and again. */
export interface OutboxFailure {
  /** What `retry` takes. */
  readonly id: string;
  readonly messageId: string;
  readonly stream: string;
  readonly attempts: number;
  /** First word of Redis's last answer, or the code of the error. */
  readonly lastError: string;
  /** How long until the next attempt, in ms. */
  readonly retryInMs: number;
}

export async function readFailures(session: DbSession, limit: number): Promise<OutboxFailure[]> {
  const rows = await session.fetchAll<Record<string, unknown> & Record<'messageId' | 'stream' | 'lastError', Buffer>>(
    'SELECT id, message_id AS messageId, stream, attempts, last_error AS lastError, ' +
      'TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), available_at) AS wait ' +
      `FROM ${TABLE} WHERE state = 0 AND attempts > 0 ORDER BY id LIMIT :limit`,
    { limit },
  );
  return rows.map(({ id, messageId, stream, attempts, lastError, wait }) => ({
    id: String(id),
    messageId: messageId.toString('utf8'),
    stream: stream.toString('utf8'),
    attempts: Number(attempts),
    lastError: lastError.toString('utf8'),
    retryInMs: Math.max(0, Number(wait) / 1_000),
  }));
}

/** Has waiting rows tried again now, those behind them of their keys as well; how many of `ids` there were. */
export async function makeAvailable(session: DbSession, ids: readonly bigint[]): Promise<number> {
  if (ids.length === 0) return 0;
  const list = sqlList('id', ids);
  const keys = await session.fetchAll<{ orderKey: Buffer }>(
    `SELECT DISTINCT order_key AS orderKey FROM ${TABLE} WHERE id IN (${list.sql}) AND state = 0 AND order_key IS NOT NULL`,
    list.params,
  );
  const count = await session.execute(`${availableNow('PRIMARY')} AND id IN (${list.sql})`, list.params);
  if (keys.length > 0) {
    const keyList = sqlList(
      'key',
      keys.map(({ orderKey }) => orderKey),
    );
    await session.execute(`${availableNow(ORDER_INDEX)} AND order_key IN (${keyList.sql})`, keyList.params);
  }
  return count;
}

function availableNow(index: string): string {
  return (
    `UPDATE ${TABLE} FORCE INDEX (${index}) SET available_at = UTC_TIMESTAMP(6) ` +
    'WHERE state = 0 AND due_at <= UTC_TIMESTAMP(6)'
  );
}

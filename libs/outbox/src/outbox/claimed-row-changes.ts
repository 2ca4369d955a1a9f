import type { DbSession } from '@safesync/db';
import { TABLE } from './outbox-table.js';
import type { FailedRow, PublishedRow } from './publish-outcomes.js';
import { sqlCase, sqlList } from './sql-lists.js';

// by the primary key whatever the optimizer thinks of a small table: a scan would wait for what others have locked
const UPDATE = `UPDATE ${TABLE} FORCE INDEX (PRIMARY)`;

/**
 * Notes where rows have gone.
 *
 * @param server what the answers came from; null where that is not known
 */
export async function markPublished(
  session: DbSession,
  published: readonly PublishedRow[],
  server: Buffer | null,
): Promise<void> {
  if (published.length === 0) return;
  const list = sqlList(
    'id',
    published.map(({ row }) => row.id),
  );
  const entries = sqlCase(
    'entry',
    published.map(({ entryId }) => entryId),
  );
  const sql =
    `${UPDATE} SET state = 1, available_at = UTC_TIMESTAMP(6), last_error = NULL, server = :server, ` +
    `entry_id = ${entries.sql} WHERE id IN (${list.sql})`;
  await session.execute(sql, { ...list.params, ...entries.params, server });
}

/** Counts a failed attempt of each row and puts it off. */
export async function markFailed(session: DbSession, failed: readonly FailedRow[]): Promise<void> {
  if (failed.length === 0) return;
  const list = sqlList(
    'id',
    failed.map(({ row }) => row.id),
  );
  const waits = sqlCase(
    'wait',
    failed.map(({ waitMs }) => microseconds(waitMs)),
  );
  const codes = sqlCase(
    'code',
    failed.map(({ code }) => code.slice(0, 64)),
  );
  const sql =
    `${UPDATE} SET attempts = attempts + 1, last_error = ${codes.sql}, ` +
    `available_at = UTC_TIMESTAMP(6) + INTERVAL (${waits.sql}) MICROSECOND WHERE id IN (${list.sql})`;
  await session.execute(sql, { ...list.params, ...waits.params, ...codes.params });
}

/** Puts rows off without counting an attempt: else those behind a failed one would be claimed in vain again and again. */
export async function putOff(session: DbSession, waits: ReadonlyMap<bigint, number>): Promise<void> {
  if (waits.size === 0) return;
  const list = sqlList('id', [...waits.keys()]);
  const times = sqlCase('wait', [...waits.values()].map(microseconds));
  const sql = `${UPDATE} SET available_at = UTC_TIMESTAMP(6) + INTERVAL (${times.sql}) MICROSECOND WHERE id IN (${list.sql})`;
  await session.execute(sql, { ...list.params, ...times.params });
}

function microseconds(ms: number): number {
  return Math.round(ms * 1_000);
}

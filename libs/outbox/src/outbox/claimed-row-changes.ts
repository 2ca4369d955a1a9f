import type { DbSession, SqlValue } from '@safesync/db';
import { TABLE } from './outbox-table.js';
import type { FailedRow, PublishedRow } from './publish-outcomes.js';

/** What is written into one row: its id and values of its own. */
type Change = readonly [id: bigint, ...values: (string | number)[]];

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
  const changes = published.map(({ row, entryId }): Change => [row.id, entryId]);
  const set =
    'o.state = 1, o.available_at = UTC_TIMESTAMP(6), o.last_error = NULL, o.server = :server, o.entry_id = c.entry';
  await change(session, changes, { columns: ['entry VARBINARY(41)'], set, params: { server } });
}

/** Counts a failed attempt of each row and puts it off. */
export async function markFailed(session: DbSession, failed: readonly FailedRow[]): Promise<void> {
  const changes = failed.map(
    ({ row, code, waitMs }): Change => [row.id, Math.round(waitMs * MICROSECONDS), code.slice(0, 64)],
  );
  const set = `o.attempts = o.attempts + 1, o.last_error = c.code, ${PUT_OFF}`;
  await change(session, changes, { columns: ['wait BIGINT', 'code VARBINARY(64)'], set });
}

/** Puts rows off without counting an attempt: else those behind a failed one would be claimed in vain again and again. */
export async function putOff(session: DbSession, waits: ReadonlyMap<bigint, number>): Promise<void> {
  const changes = [...waits].map(([id, waitMs]): Change => [id, Math.round(waitMs * MICROSECONDS)]);
  await change(session, changes, { columns: ['wait BIGINT'], set: PUT_OFF });
}

/** In a millisecond. */
const MICROSECONDS = 1_000;
const PUT_OFF = 'o.available_at = UTC_TIMESTAMP(6) + INTERVAL c.wait MICROSECOND';

interface ChangeText {
  /** Of what each row is given beside its id. */
  readonly columns: readonly string[];
  readonly set: string;
  readonly params?: Record<string, SqlValue>;
}

/**
 * Gives each row values of its own, by one short text whatever their number: a CASE for each column would be read by both ends, and
 * gone through for every row. The outer join has the server go from the changes to the rows, by the primary key, whatever it thinks
 * of a small table: a scan would wait for what others have locked.
 */
async function change(
  session: DbSession,
  changes: readonly Change[],
  { columns, set, params = {} }: ChangeText,
): Promise<void> {
  if (changes.length === 0) return;
  const paths = ['id BIGINT UNSIGNED', ...columns].map((column, at) => `${column} PATH '$[${at}]'`);
  const table = `JSON_TABLE(:changes, '$[*]' COLUMNS (${paths.join(', ')}))`;
  const sql = `UPDATE ${TABLE} AS o FORCE INDEX (PRIMARY) RIGHT JOIN ${table} AS c ON o.id = c.id SET ${set}`;
  // an id as text: JSON numbers end where doubles do
  const rows = changes.map(([id, ...values]) => [String(id), ...values]);
  await session.execute(sql, { ...params, changes: JSON.stringify(rows) });
}

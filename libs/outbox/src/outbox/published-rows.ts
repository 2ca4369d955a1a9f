import type { DbSession } from '@safesync/db';
import { CLAIM_INDEX, TABLE } from './outbox-table.js';
import { sqlList } from './sql-lists.js';

/** A row that was published, and where a search for more goes on. */
export interface SentRow {
  readonly id: bigint;
  readonly entryId: string;
  /** When, as the database writes it. */
  readonly sentAt: string;
}

/**
 * Rows published within `windowMs` by a server other than `server` (all where that is null), oldest first, behind `after`.
 */
export async function sentByOthers(
  session: DbSession,
  stream: string,
  {
    windowMs,
    server,
    after,
    limit,
  }: {
    readonly windowMs: number;
    readonly server: Buffer | null;
    readonly after: SentRow | undefined;
    readonly limit: number;
  },
): Promise<SentRow[]> {
  const rows = await session.fetchAll<{ id: bigint; entryId: Buffer; sentAt: string }>(
    `SELECT id, entry_id AS entryId, DATE_FORMAT(available_at, '%Y-%m-%d %H:%i:%s.%f') AS sentAt ` +
      `FROM ${TABLE} FORCE INDEX (${CLAIM_INDEX}) WHERE state = 1 AND stream = :stream ` +
      'AND available_at >= COALESCE(CAST(:sentAt AS DATETIME(6)), UTC_TIMESTAMP(6) - INTERVAL :window MICROSECOND) ' +
      'AND NOT (available_at = CAST(:sentAt AS DATETIME(6)) AND id <= :id) AND entry_id IS NOT NULL ' +
      'AND (server IS NULL OR server <> :server) ORDER BY available_at, id LIMIT :limit',
    {
      stream,
      window: windowMs * 1_000,
      sentAt: after?.sentAt ?? null,
      id: after?.id ?? 0,
      server: server ?? Buffer.alloc(0),
      limit,
    },
  );
  return rows.map(({ id, entryId, sentAt }) => ({ id, entryId: entryId.toString('latin1'), sentAt }));
}

/** Has rows published again, unless that has happened since they were read; how many. */
export async function makeWaitAgain(session: DbSession, rows: readonly SentRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const ids = sqlList(
    'id',
    rows.map(({ id }) => id),
  );
  const entries = sqlList(
    'entry',
    rows.map(({ entryId }) => entryId),
  );
  return session.execute(
    `UPDATE ${TABLE} FORCE INDEX (PRIMARY) SET state = 0, available_at = UTC_TIMESTAMP(6), entry_id = NULL ` +
      `WHERE id IN (${ids.sql}) AND state = 1 AND entry_id IN (${entries.sql})`,
    { ...ids.params, ...entries.params },
  );
}

/** Notes that the server has the entries of these rows: what is trimmed of them later is not taken for a loss. */
export async function notePresent(session: DbSession, rows: readonly SentRow[], server: Buffer): Promise<void> {
  const ids = sqlList(
    'id',
    rows.map(({ id }) => id),
  );
  await session.execute(
    `UPDATE ${TABLE} FORCE INDEX (PRIMARY) SET server = :server WHERE id IN (${ids.sql}) AND state = 1`,
    { ...ids.params, server },
  );
}

/** The streams of which published rows are kept; a look at one row of each. */
async function keptStreams(session: DbSession): Promise<Buffer[]> {
  const streams: Buffer[] = [];
  const sql = `SELECT MIN(stream) FROM ${TABLE} FORCE INDEX (${CLAIM_INDEX}) WHERE state = 1 AND stream > :last`;
  for (let last: Buffer | null = Buffer.alloc(0); ; ) {
    last = await session.executeScalar<Buffer>(sql, { last });
    if (last === null) return streams;
    streams.push(last);
  }
}

/** Deletes rows published longer ago than `keepMs`, at most `limit` over all streams; how many. Waits for nobody's locks. */
export async function deleteOld(session: DbSession, keepMs: number, limit: number): Promise<number> {
  let deleted = 0;
  for (const stream of await keptStreams(session)) {
    deleted += await deleteOldOf(session, stream, { keepMs, limit: limit - deleted });
    if (deleted >= limit) break;
  }
  return deleted;
}

// row by row: of a small table the optimizer would read all, whatever index it is told to take, and wait for what others have locked
const DELETE_BY_ID =
  "DELETE o FROM JSON_TABLE(:ids, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) AS old " +
  `STRAIGHT_JOIN ${TABLE} AS o ON o.id = old.id`;

async function deleteOldOf(
  session: DbSession,
  stream: Buffer,
  { keepMs, limit }: { readonly keepMs: number; readonly limit: number },
): Promise<number> {
  const rows = await session.fetchAll<{ id: string }>(
    `SELECT id FROM ${TABLE} FORCE INDEX (${CLAIM_INDEX}) WHERE state = 1 AND stream = :stream ` +
      'AND available_at < UTC_TIMESTAMP(6) - INTERVAL :keep MICROSECOND ' +
      'ORDER BY available_at, id LIMIT :limit FOR UPDATE SKIP LOCKED',
    { stream, keep: keepMs * 1_000, limit },
  );
  if (rows.length === 0) return 0;
  return session.execute(DELETE_BY_ID, { ids: `[${rows.map(({ id }) => id).join()}]` });
}

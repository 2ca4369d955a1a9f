import type { BackgroundLogger, MetricsRecorder } from '@safesync/core';
import type { DbSessions } from '@safesync/db';
import type { InboxOptions } from '../outbox.options.js';
import { TablePurge } from '../purge/table-purge.js';
import { INBOX_TABLE, TableInbox } from './table-inbox.js';

const PURGE_SQL = `DELETE FROM ${INBOX_TABLE} WHERE done_at < UTC_TIMESTAMP(6) - INTERVAL :micros MICROSECOND ORDER BY done_at LIMIT :rows`;

/** An inbox with the purge of its rows. Nothing runs before it is prepared. */
export function createInbox(
  sessions: DbSessions,
  { retentionMs, purgeEveryMs }: Required<InboxOptions>,
  metrics: MetricsRecorder,
  logger: BackgroundLogger,
): TableInbox {
  const purge = new TablePurge({
    sessions,
    table: INBOX_TABLE,
    deleteSome: (session, rows) => session.execute(PURGE_SQL, { micros: retentionMs * 1_000, rows }),
    everyMs: purgeEveryMs,
    metrics,
    logger,
  });
  return new TableInbox(sessions, purge, retentionMs);
}

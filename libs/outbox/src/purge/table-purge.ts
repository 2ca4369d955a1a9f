import { type BackgroundLogger, BackgroundLoop, ConditionLog, type MetricsRecorder, sleep } from '@safesync/core';
import type { DbSession, DbSessions } from '@safesync/db';
import { ROWS_PURGED } from '../outbox.metrics.js';

export interface TablePurgeOptions {
  readonly sessions: Pick<DbSessions, 'run'>;
  readonly table: string;
  /** Deletes at most so many rows that are past their retention, found by an index; how many it were. */
  readonly deleteSome: (session: DbSession, rows: number) => Promise<number>;
  /** Pause between looks, in ms. */
  readonly everyMs: number;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
}

/** Rows of one transaction: few enough that nobody waits long for its locks and that the server's history of changes stays short. */
const BATCH = 1_000;

/**
 * Deletes what is past its retention, in small transactions, one after the other while there is more. Any number of processes may do
 * so at once: the rows are deleted once, whoever comes first.
 */
export class TablePurge {
  private readonly loop: BackgroundLoop;
  private readonly condition: ConditionLog;

  constructor(private readonly options: TablePurgeOptions) {
    const name = `Rows of ${options.table} that are past their retention`;
    this.condition = new ConditionLog(options.logger, name);
    this.loop = new BackgroundLoop({
      name,
      turn: (signal) => this.turn(signal),
      onError: (error) => this.condition.began(String(error), 'cannot be deleted, repeating'),
    });
  }

  start(): void {
    this.loop.start();
  }

  /** Resolves when the batch in progress is done. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Deletes one batch; true when there may be more. */
  async purge(): Promise<boolean> {
    const { sessions, deleteSome, table, metrics } = this.options;
    const rows = await sessions.run((session) => deleteSome(session, BATCH));
    metrics.add(ROWS_PURGED, { table }, rows);
    return rows === BATCH;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const isMore = await this.purge();
    this.condition.ended('are deleted again');
    if (!isMore) await sleep(this.options.everyMs, signal);
  }
}

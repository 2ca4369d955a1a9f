import type { MetricsRecorder } from '@safesync/core';
import {
  AdvisoryLocks,
  type DbOptions,
  DbSessions,
  IdempotentInserts,
  OptimisticUpdates,
  RowLocks,
} from '@safesync/db';
import { DataSource } from 'typeorm';

/** The library as one process has it: a pool of its own and the services on it. */
export interface Contender {
  readonly sessions: DbSessions;
  readonly rowLocks: RowLocks;
  readonly advisoryLocks: AdvisoryLocks;
  readonly optimistic: OptimisticUpdates;
  readonly inserts: IdempotentInserts;
  close(): Promise<void>;
}

export interface ContenderOptions {
  readonly poolSize: number;
  readonly db?: DbOptions;
  readonly metrics?: MetricsRecorder;
  /** Further options for mysql2. */
  readonly driver?: Readonly<Record<string, unknown>>;
}

export async function openContender(url: string, options: ContenderOptions): Promise<Contender> {
  const dataSource = new DataSource({
    type: 'mysql',
    url,
    poolSize: options.poolSize,
    timezone: 'Z',
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    ...(options.driver ? { extra: options.driver } : {}),
  });
  await dataSource.initialize();
  const sessions = await DbSessions.open(dataSource, options.db, options.metrics);
  return {
    sessions,
    rowLocks: new RowLocks(),
    advisoryLocks: new AdvisoryLocks(sessions),
    optimistic: new OptimisticUpdates(sessions),
    inserts: new IdempotentInserts(),
    close: () => dataSource.destroy(),
  };
}

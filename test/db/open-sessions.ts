import { type MetricsRecorder, noMetrics } from '@safesync/core';
import { type DbOptions, DbSessions, isConnectionError } from '@safesync/db';
import { DataSource, type EntitySchema } from 'typeorm';

export interface OpenSessions {
  readonly sessions: DbSessions;
  readonly dataSource: DataSource;
  /** Errors of hooks and cleanups. */
  readonly hookErrors: unknown[];
  close(): Promise<void>;
}

export interface OpenSessionsOptions extends DbOptions {
  readonly poolSize?: number;
  readonly entities?: (new () => object)[] | EntitySchema[];
  readonly metrics?: MetricsRecorder;
  /** Options of mysql2, `flags` for example. */
  readonly driver?: Record<string, unknown>;
}

/** Sessions on a DataSource of their own, as an application would open them. */
export async function openSessions(url: string, options: OpenSessionsOptions = {}): Promise<OpenSessions> {
  const { poolSize = 3, entities = [], metrics = noMetrics, driver = {}, ...dbOptions } = options;
  const hookErrors: unknown[] = [];
  const dataSource = new DataSource({ type: 'mysql', url, timezone: 'Z', poolSize, entities, extra: driver });
  await dataSource.initialize();
  const onHookError = (error: unknown): void => void hookErrors.push(error);
  const sessions = await DbSessions.open(dataSource, { onHookError, ...dbOptions }, metrics);
  const close = async (): Promise<void> => {
    try {
      await dataSource.destroy();
    } catch (error) {
      // cut off by the test, and not noticed yet
      if (!isConnectionError(error)) throw error;
    }
  };
  return { sessions, dataSource, hookErrors, close };
}

/** Both ways in which a server can count an UPDATE's rows: matched, and really changed. */
export const FLAGS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['with FOUND_ROWS', { flags: ['FOUND_ROWS'] }],
  ['without FOUND_ROWS', { flags: ['-FOUND_ROWS'] }],
];

import type { MetricsRecorder } from '@safesync/core';
import { DB_POOL_CONNECTIONS, DB_POOL_SIZE, DB_POOL_WAITING } from '../db.metrics.js';
import type { ConnectionSource } from './connection-source.js';
import type { PoolUsage } from './driver-pool.js';

/**
 * Has the gauges of `pool`, its DataSource, follow `source`, instead of one that was opened on it before; where the driver does not
 * show its pool they have no series.
 */
export function showPool(
  metrics: MetricsRecorder,
  source: ConnectionSource,
  { pool, database }: { readonly pool: object; readonly database: string },
): void {
  const each = <T>(samples: (usage: PoolUsage) => T[]): T[] =>
    source.usage === undefined ? [] : samples(source.usage);
  metrics.follow?.(DB_POOL_SIZE, pool, () => each(({ size }) => (Number.isFinite(size) ? [[{ database }, size]] : [])));
  metrics.follow?.(DB_POOL_WAITING, pool, () => each(({ waiting }) => [[{ database }, waiting]]));
  metrics.follow?.(DB_POOL_CONNECTIONS, pool, () =>
    each(({ open, idle }) => [
      [{ database, state: 'busy' }, open - idle],
      [{ database, state: 'idle' }, idle],
    ]),
  );
}

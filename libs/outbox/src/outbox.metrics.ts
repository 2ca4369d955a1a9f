import type { MetricDefinition } from '@safesync/core';

/** `table`: `safesync_inbox`. */
export const ROWS_PURGED = {
  kind: 'counter',
  name: 'coti_safesync_outbox_rows_purged_total',
  help: 'Total rows deleted after their retention, by table',
  labels: ['table'],
} as const;

/** Every metric of this library. */
export const OUTBOX_METRICS: readonly MetricDefinition[] = [ROWS_PURGED];

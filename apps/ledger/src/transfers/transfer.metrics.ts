import type { MetricDefinition } from '@safesync/core';

/** `outcome`: completed, rejected, duplicate. */
export const TRANSFERS_TOTAL = {
  kind: 'counter',
  name: 'ledger_transfers_total',
  help: 'Total transfers by outcome',
  labels: ['outcome'],
} as const satisfies MetricDefinition;

export const REDELIVERIES_TOTAL = {
  kind: 'counter',
  name: 'ledger_redeliveries_total',
  help: 'Total deliveries of messages that had been delivered before',
  labels: ['group'],
} as const satisfies MetricDefinition;

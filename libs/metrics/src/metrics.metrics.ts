import type { MetricDefinition } from '@safesync/core';

/** Samples that did not arrive as they were given: what the recorder says about itself. */
export const METRICS_FAULTS = {
  kind: 'counter',
  name: 'coti_safesync_metrics_faults_total',
  help: 'Total samples lost (fault="lost") or recorded under the label value "other" (fault="capped")',
  labels: ['metric', 'fault'],
} as const satisfies MetricDefinition;

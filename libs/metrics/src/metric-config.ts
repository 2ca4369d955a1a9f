import type { MetricDefinition } from '@safesync/core';

/** What prom-client wants to know of a metric. */
export interface PrometheusMetricConfig {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly buckets?: number[];
}

export function toPrometheusConfig({ name, help, labels, buckets }: MetricDefinition): PrometheusMetricConfig {
  return { name, help, labelNames: [...labels], ...(buckets && { buckets: [...buckets] }) };
}

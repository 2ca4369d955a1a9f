import { type MetricDefinition, OptionFaults } from '@safesync/core';

export interface SafeSyncMetricsOptions {
  /** Where the exposition text is served. Default `/metrics`. */
  readonly path?: string;
  /** Also collect prom-client's process metrics (CPU, memory, event loop). Default false. */
  readonly defaultMetrics?: boolean;
  /**
   * Metrics of your own that are exposed before their first sample and can be injected with `@InjectMetric(name)`. Those of
   * the SafeSync libraries are exposed by themselves. Default none.
   */
  readonly metrics?: readonly MetricDefinition[];
  /** Distinct values kept per label of a metric; a later value is recorded as `other`. Default 100. */
  readonly maxLabelValues?: number;
}

export type ResolvedMetricsOptions = Readonly<Required<SafeSyncMetricsOptions>>;

/** Fills in the defaults; throws `InvalidOptionsError` listing every fault. */
export function resolveMetricsOptions(options: SafeSyncMetricsOptions = {}): ResolvedMetricsOptions {
  const resolved = { path: '/metrics', defaultMetrics: false, metrics: [], maxLabelValues: 100, ...options };
  new OptionFaults('SafeSyncMetricsModule.forRoot')
    .require(
      typeof resolved.path === 'string' && resolved.path.startsWith('/'),
      'path must be a string that starts with "/"',
    )
    .require(typeof resolved.defaultMetrics === 'boolean', 'defaultMetrics must be true or false')
    .require(Array.isArray(resolved.metrics), 'metrics must be an array of metric definitions')
    .integer('maxLabelValues', resolved.maxLabelValues, 1, 10_000)
    .throwIfAny();
  return Object.freeze(resolved);
}

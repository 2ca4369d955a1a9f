export { METRICS_FAULTS } from './metrics.metrics.js';
export { PrometheusRecorder } from './prometheus.recorder.js';
export { SafeSyncMetricsModule } from './safesync-metrics.module.js';
export type { SafeSyncMetricsOptions } from './safesync-metrics.options.js';

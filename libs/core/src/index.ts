export { Deferred } from './async/deferred.js';
export { type BackoffOptions, equalJitter, fullJitter } from './backoff/backoff.js';
export { InvalidOptionsError, OptionFaults } from './errors/options.error.js';
export { isSafeSyncError, SafeSyncError, type SafeSyncErrorDetails } from './errors/safesync.error.js';
export { BackgroundLoop, type BackgroundLoopOptions } from './lifecycle/background-loop.js';
export { LATENCY_BUCKETS, type LabelsOf, type MetricDefinition } from './metrics/metric-definition.js';
export { METRICS_RECORDER, type MetricsRecorder, noMetrics, type ReadGauge } from './metrics/metrics-recorder.js';
export { withDeadline } from './time/deadline.js';
export { MAX_TIMER_MS, type SignalLike, sleep } from './time/sleep.js';

import type { MetricsRecorder } from '@safesync/core';

/** The recorder, but what it throws goes to `onError`: a sample must not decide what became of a transaction. */
export function shieldedMetrics(recorder: MetricsRecorder, onError: (error: unknown) => void): MetricsRecorder {
  const shield = (sample: () => void): void => {
    try {
      sample();
    } catch (error) {
      onError(error);
    }
  };
  return {
    add: (metric, labels, value) => shield(() => recorder.add(metric, labels, value)),
    observe: (metric, labels, value) => shield(() => recorder.observe(metric, labels, value)),
    set: (metric, labels, value) => shield(() => recorder.set(metric, labels, value)),
    follow: (metric, source, read) => shield(() => recorder.follow?.(metric, source, read)),
    declare: (metrics) => shield(() => recorder.declare?.(metrics)),
  };
}

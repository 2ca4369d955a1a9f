import type { MetricsRecorder } from '@safesync/core';

/** The recorder, but what it throws goes to `onError`: a sample must not decide what became of a transaction. */
export function shieldedMetrics(recorder: MetricsRecorder, onError: (error: unknown) => void): MetricsRecorder {
  const shield = (record: () => void): void => {
    try {
      record();
    } catch (error) {
      onError(error);
    }
  };
  return {
    add: (metric, labels, value) => shield(() => recorder.add(metric, labels, value)),
    observe: (metric, labels, value) => shield(() => recorder.observe(metric, labels, value)),
    set: (metric, labels, value) => shield(() => recorder.set(metric, labels, value)),
    declare: (metrics) => shield(() => recorder.declare?.(metrics)),
  };
}

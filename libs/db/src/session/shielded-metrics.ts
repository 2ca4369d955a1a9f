import type { MetricsRecorder } from '@safesync/core';

/** The recorder, but what it throws goes to `onError`: a sample must not decide what became of a transaction. */
export function shieldedMetrics(recorder: MetricsRecorder, onError: (error: unknown) => void): MetricsRecorder {
  return {
    add: (metric, labels, value) => {
      try {
        recorder.add(metric, labels, value);
      } catch (error) {
        onError(error);
      }
    },
    observe: (metric, labels, value) => {
      try {
        recorder.observe(metric, labels, value);
      } catch (error) {
        onError(error);
      }
    },
    set: (metric, labels, value) => {
      try {
        recorder.set(metric, labels, value);
      } catch (error) {
        onError(error);
      }
    },
    follow: (metric, source, read) => {
      try {
        recorder.follow?.(metric, source, read);
      } catch (error) {
        onError(error);
      }
    },
    declare: (metrics) => {
      try {
        recorder.declare?.(metrics);
      } catch (error) {
        onError(error);
      }
    },
  };
}

import type { LabelsOf, MetricDefinition } from './metric-definition.js';

/**
 * Where measurements go. Implementations never throw into the measured code: a failing backend costs a sample, not a message.
 */
export interface MetricsRecorder {
  /** Adds `value` (default 1; 0 makes the series exist) to a counter. */
  add<D extends MetricDefinition>(metric: D & { kind: 'counter' }, labels: LabelsOf<D>, value?: number): void;
  /** Adds one observation, in the unit of the metric's name, to a histogram. */
  observe<D extends MetricDefinition>(metric: D & { kind: 'histogram' }, labels: LabelsOf<D>, value: number): void;
  /** Makes the metrics known, without a sample, so that whoever looks finds them from the start. */
  declare?(metrics: readonly MetricDefinition[]): void;
  /** Sets a gauge. */
  set<D extends MetricDefinition>(metric: D & { kind: 'gauge' }, labels: LabelsOf<D>, value: number): void;
}

/** Injection token of the recorder; a library falls back to `noMetrics` when nothing provides it. */
export const METRICS_RECORDER = Symbol.for('@safesync/metrics-recorder');

/** Records nothing. */
export const noMetrics: MetricsRecorder = {
  add: () => undefined,
  observe: () => undefined,
  set: () => undefined,
};

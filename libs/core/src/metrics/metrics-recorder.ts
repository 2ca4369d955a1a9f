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
  /**
   * Sets a gauge to what `read` says whenever somebody looks. Samples with the same labels add up, those of several sources too;
   * a source has one reading of each gauge, the last one given.
   */
  follow?<D extends MetricDefinition>(metric: D & { kind: 'gauge' }, source: object, read: ReadGauge<D>): void;
}

/** Reads a gauge: the values it has now. Called at every look, so it must be cheap; it may not throw. */
export type ReadGauge<D extends MetricDefinition> = () => readonly (readonly [labels: LabelsOf<D>, value: number])[];

/** Injection token of the recorder; a library falls back to `noMetrics` when nothing provides it. */
export const METRICS_RECORDER = Symbol.for('@safesync/metrics-recorder');

/** Records nothing. */
export const noMetrics: MetricsRecorder = {
  add: () => undefined,
  observe: () => undefined,
  set: () => undefined,
};

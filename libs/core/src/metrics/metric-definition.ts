/** A metric as data: libraries declare theirs, an adapter (Prometheus, a test recorder) makes them real. */
export interface MetricDefinition<Label extends string = string> {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Full name, prefix and unit included. */
  readonly name: string;
  readonly help: string;
  /** Bounded values only: never ids, keys, payloads or consumer names. */
  readonly labels: readonly Label[];
  /** Upper bounds in seconds; histograms only. */
  readonly buckets?: readonly number[];
}

/** The labels object that belongs to a definition; a missing or misspelt label is a compile error. */
export type LabelsOf<D extends MetricDefinition> = D extends MetricDefinition<infer L> ? Record<L, string> : never;

/**
 * Bucket bounds of the Python client library, which the ancestor's dashboards expect (prom-client's own default lacks 0.075,
 * 0.75 and 7.5). Source: prometheus/client_python, `Histogram.DEFAULT_BUCKETS`.
 */
export const LATENCY_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

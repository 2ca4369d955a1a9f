import type { LabelsOf, MetricDefinition, MetricsRecorder } from '@safesync/core';

/** Keeps sums, gauges and observations by name and labels. */
export class KeptMetrics implements MetricsRecorder {
  private readonly totals = new Map<string, number>();
  private readonly gauges = new Map<string, number>();
  private readonly observed = new Map<string, number[]>();

  readonly add: MetricsRecorder['add'] = (metric, labels, value = 1) => {
    const series = seriesOf(metric, labels);
    this.totals.set(series, (this.totals.get(series) ?? 0) + value);
  };

  readonly observe: MetricsRecorder['observe'] = (metric, labels, value) => {
    const series = seriesOf(metric, labels);
    this.observed.set(series, [...(this.observed.get(series) ?? []), value]);
  };

  readonly set: MetricsRecorder['set'] = (metric, labels, value) => {
    this.gauges.set(seriesOf(metric, labels), value);
  };

  /** Undefined while nothing was ever added, not even 0. */
  total<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>): number | undefined {
    return this.totals.get(seriesOf(metric, labels));
  }

  /** What the gauge was set to last. */
  gauge<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>): number | undefined {
    return this.gauges.get(seriesOf(metric, labels));
  }

  observations<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>): readonly number[] {
    return this.observed.get(seriesOf(metric, labels)) ?? [];
  }
}

function seriesOf(metric: MetricDefinition, labels: object): string {
  return `${metric.name} ${JSON.stringify(labels)}`;
}

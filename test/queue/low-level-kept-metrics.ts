import type { LabelsOf, MetricDefinition, MetricsRecorder } from '@safesync/core';

/** Keeps sums, gauges and observations by name and labels. */
export class KeptMetrics implements MetricsRecorder {
  private readonly totals = new Map<string, number>();
  private readonly followed = new Map<string, Map<object, Read>>();
  private readonly observed = new Map<string, number[]>();

  readonly add: MetricsRecorder['add'] = (metric, labels, value = 1) => {
    const series = seriesOf(metric, labels);
    this.totals.set(series, (this.totals.get(series) ?? 0) + value);
  };

  readonly observe: MetricsRecorder['observe'] = (metric, labels, value) => {
    const series = seriesOf(metric, labels);
    this.observed.set(series, [...(this.observed.get(series) ?? []), value]);
  };

  readonly set: MetricsRecorder['set'] = () => undefined;

  readonly follow: NonNullable<MetricsRecorder['follow']> = (metric, source, read) => {
    const bySource = this.followed.get(metric.name) ?? new Map<object, Read>();
    bySource.set(source, read);
    this.followed.set(metric.name, bySource);
  };

  /** Undefined while nothing was ever added, not even 0. */
  total<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>): number | undefined {
    return this.totals.get(seriesOf(metric, labels));
  }

  /** What all sources say of the gauge now; undefined where none does. */
  gauge<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>): number | undefined {
    const readings = [...(this.followed.get(metric.name)?.values() ?? [])].flatMap((read) => read());
    const values = readings
      .filter(([of]) => seriesOf(metric, of) === seriesOf(metric, labels))
      .map(([, value]) => value);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  }

  /** How many sources the gauge is read from. */
  sources(metric: MetricDefinition): number {
    return this.followed.get(metric.name)?.size ?? 0;
  }

  observations<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>): readonly number[] {
    return this.observed.get(seriesOf(metric, labels)) ?? [];
  }
}

type Read = () => readonly (readonly [labels: object, value: number])[];

function seriesOf(metric: MetricDefinition, labels: object): string {
  return `${metric.name} ${JSON.stringify(labels)}`;
}

import { Logger } from '@nestjs/common';
import type { LabelsOf, MetricDefinition, MetricsRecorder, ReadGauge } from '@safesync/core';
import { getOrCreateMetric } from '@willsoto/nestjs-prometheus';
import { Counter, Gauge, Histogram } from 'prom-client';
import { LabelGuard } from './label-guard.js';
import { toPrometheusConfig } from './metric-config.js';
import { METRICS_FAULTS } from './metrics.metrics.js';

const TYPES = { counter: ['Counter', Counter], gauge: ['Gauge', Gauge], histogram: ['Histogram', Histogram] } as const;

type LabelValues = Readonly<Record<string, string>>;

/** What prom-client's metrics have, each its own part of it. */
interface Recording {
  inc(labels: LabelValues, value: number): void;
  observe(labels: LabelValues, value: number): void;
  set(labels: LabelValues, value: number): void;
  reset(): void;
  collect?: () => void;
}

type Read = () => readonly (readonly [labels: LabelValues, value: number])[];

interface Recorded {
  readonly kind: MetricDefinition['kind'];
  readonly metric: Recording;
  readonly guard: LabelGuard;
}

/**
 * Records into the registry that `GET /metrics` serves. A metric is made when it is declared or at its first sample, or taken
 * as it is when the registry already has its name. Never throws: a sample that cannot be recorded is counted in
 * `coti_safesync_metrics_faults_total` and logged once per metric.
 */
export class PrometheusRecorder implements MetricsRecorder {
  private readonly logger = new Logger(PrometheusRecorder.name);
  private readonly recorded = new Map<string, Recorded>();
  /** Of each followed gauge, by source. */
  private readonly readings = new Map<string, Map<object, Read>>();
  private readonly complained = new Set<string>();

  /** @param maxLabelValues distinct values kept per label; see `SafeSyncMetricsOptions.maxLabelValues` */
  constructor(private readonly maxLabelValues: number) {}

  declare(definitions: readonly MetricDefinition[]): void {
    for (const definition of definitions) {
      try {
        this.recordedOf(definition);
      } catch (error) {
        this.lost(definition, error);
      }
    }
  }

  add<D extends MetricDefinition>(definition: D & { kind: 'counter' }, labels: LabelsOf<D>, value = 1): void {
    this.record('inc', definition, labels, value);
  }

  observe<D extends MetricDefinition>(definition: D & { kind: 'histogram' }, labels: LabelsOf<D>, value: number): void {
    this.record('observe', definition, labels, value);
  }

  set<D extends MetricDefinition>(definition: D & { kind: 'gauge' }, labels: LabelsOf<D>, value: number): void {
    this.record('set', definition, labels, value);
  }

  follow<D extends MetricDefinition>(definition: D & { kind: 'gauge' }, source: object, read: ReadGauge<D>): void {
    try {
      const { metric } = this.recordedOf(definition);
      const readings = this.readings.get(definition.name) ?? new Map<object, Read>();
      this.readings.set(definition.name, readings.set(source, read));
      metric.collect = () => this.look(definition, metric, [...readings.values()]);
    } catch (error) {
      this.lost(definition, error);
    }
  }

  private look(definition: MetricDefinition, metric: Recording, readings: readonly Read[]): void {
    metric.reset();
    for (const read of readings) {
      try {
        for (const [labels, value] of read()) this.record('inc', definition, labels, value);
      } catch (error) {
        this.lost(definition, error);
      }
    }
  }

  private record(
    how: 'inc' | 'observe' | 'set',
    definition: MetricDefinition,
    labels: LabelValues,
    value: number,
  ): void {
    try {
      const { metric, guard } = this.recordedOf(definition);
      const bounded = guard.bound(labels);
      metric[how](bounded, finite(value));
      if (bounded === labels) return;
      this.complain(definition, 'capped', `has more than ${this.maxLabelValues} values in a label`);
    } catch (error) {
      this.lost(definition, error);
    }
  }

  private recordedOf(definition: MetricDefinition): Recorded {
    const known = this.recorded.get(definition.name);
    if (known?.kind === definition.kind) return known;
    const { kind, name, labels } = definition;
    const [type, metricClass] = TYPES[kind];
    const metric: unknown = getOrCreateMetric(type, toPrometheusConfig(definition));
    if (!(metric instanceof metricClass)) throw new TypeError(`the registry holds it as something else than a ${type}`);
    const made = { kind, metric: metric as unknown as Recording, guard: new LabelGuard(labels, this.maxLabelValues) };
    this.recorded.set(name, made);
    return made;
  }

  private lost(definition: MetricDefinition, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.complain(definition, 'lost', `cannot be recorded: ${reason}`);
  }

  private complain(definition: MetricDefinition, fault: 'lost' | 'capped', what: string): void {
    // its own counter cannot report on itself
    if (definition.name !== METRICS_FAULTS.name) this.add(METRICS_FAULTS, { metric: definition.name, fault });
    if (this.complained.has(`${fault} ${definition.name}`)) return;
    this.complained.add(`${fault} ${definition.name}`);
    this.logger.warn(`Metric ${definition.name} ${what}. Counted in ${METRICS_FAULTS.name}; not logged again.`);
  }
}

/** prom-client's counters take NaN, show it for ever after and so hide every later sample. */
function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`${value} is not a finite number`);
}

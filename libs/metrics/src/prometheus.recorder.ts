import { Logger } from '@nestjs/common';
import type { LabelsOf, MetricDefinition, MetricsRecorder } from '@safesync/core';
import { getOrCreateMetric } from '@willsoto/nestjs-prometheus';
import { Counter, Gauge, Histogram } from 'prom-client';
import { LabelGuard } from './label-guard.js';
import { toPrometheusConfig } from './metric-config.js';
import { METRICS_FAULTS } from './metrics.metrics.js';

const TYPES = { counter: 'Counter', gauge: 'Gauge', histogram: 'Histogram' } as const;

interface Recorded {
  readonly metric: unknown;
  readonly guard: LabelGuard;
}

type LabelValues = Readonly<Record<string, string>>;

/**
 * Records into the registry that `GET /metrics` serves. A metric is made when it is declared or at its first sample, or taken
 * as it is when the registry already has its name. Never throws: a sample that cannot be recorded is counted in
 * `coti_safesync_metrics_faults_total` and logged once per metric.
 */
export class PrometheusRecorder implements MetricsRecorder {
  private readonly logger = new Logger(PrometheusRecorder.name);
  private readonly recorded = new Map<string, Recorded>();
  private readonly complained = new Set<string>();

  /** @param maxLabelValues distinct values kept per label; see `SafeSyncMetricsOptions.maxLabelValues` */
  constructor(private readonly maxLabelValues: number) {}

  declare(definitions: readonly MetricDefinition[]): void {
    for (const definition of definitions) this.guarded(definition, () => this.recordedOf(definition));
  }

  add<D extends MetricDefinition>(definition: D & { kind: 'counter' }, labels: LabelsOf<D>, value = 1): void {
    this.record(definition, labels, (metric, bounded) => ofKind(Counter, metric).inc(bounded, finite(value)));
  }

  observe<D extends MetricDefinition>(definition: D & { kind: 'histogram' }, labels: LabelsOf<D>, value: number): void {
    this.record(definition, labels, (metric, bounded) => ofKind(Histogram, metric).observe(bounded, finite(value)));
  }

  set<D extends MetricDefinition>(definition: D & { kind: 'gauge' }, labels: LabelsOf<D>, value: number): void {
    this.record(definition, labels, (metric, bounded) => ofKind(Gauge, metric).set(bounded, finite(value)));
  }

  private record(
    definition: MetricDefinition,
    labels: LabelValues,
    write: (metric: unknown, labels: LabelValues) => void,
  ): void {
    this.guarded(definition, () => {
      const { metric, guard } = this.recordedOf(definition);
      const bounded = guard.bound(labels);
      write(metric, bounded);
      if (bounded === labels) return;
      this.complain(definition, 'capped', `has more than ${this.maxLabelValues} values in a label`);
    });
  }

  private guarded(definition: MetricDefinition, work: () => void): void {
    try {
      work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.complain(definition, 'lost', `cannot be recorded: ${reason}`);
    }
  }

  private recordedOf(definition: MetricDefinition): Recorded {
    const known = this.recorded.get(definition.name);
    if (known) return known;
    const metric: unknown = getOrCreateMetric(TYPES[definition.kind], toPrometheusConfig(definition));
    const made = { metric, guard: new LabelGuard(definition.labels, this.maxLabelValues) };
    this.recorded.set(definition.name, made);
    return made;
  }

  private complain(definition: MetricDefinition, fault: 'lost' | 'capped', what: string): void {
    // its own counter cannot report on itself
    if (definition.name !== METRICS_FAULTS.name) this.add(METRICS_FAULTS, { metric: definition.name, fault });
    if (this.complained.has(`${fault} ${definition.name}`)) return;
    this.complained.add(`${fault} ${definition.name}`);
    this.logger.warn(`Metric ${definition.name} ${what}. Counted in ${METRICS_FAULTS.name}; not logged again.`);
  }
}

function ofKind<M>(kind: new (...args: never[]) => M, metric: unknown): M {
  if (metric instanceof kind) return metric;
  throw new TypeError(`the registry holds it as something else than a ${kind.name}`);
}

/** prom-client's counters take NaN, show it for ever after and so hide every later sample. */
function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`${value} is not a finite number`);
}

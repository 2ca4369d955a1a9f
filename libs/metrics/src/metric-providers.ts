import type { Provider } from '@nestjs/common';
import type { MetricDefinition } from '@safesync/core';
import { makeCounterProvider, makeGaugeProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import { toPrometheusConfig } from './metric-config.js';

const MAKERS = { counter: makeCounterProvider, gauge: makeGaugeProvider, histogram: makeHistogramProvider };

/** The provider that makes `definition` real at boot, so that it is exposed at once and `@InjectMetric(name)` finds it. */
export function makeMetricProvider(definition: MetricDefinition): Provider {
  return MAKERS[definition.kind](toPrometheusConfig(definition));
}

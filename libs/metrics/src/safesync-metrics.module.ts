import { type DynamicModule, Module } from '@nestjs/common';
import { METRICS_RECORDER } from '@safesync/core';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { makeMetricProvider } from './metric-providers.js';
import { makeMetricsController } from './metrics.controller.js';
import { METRICS_FAULTS } from './metrics.metrics.js';
import { PrometheusRecorder } from './prometheus.recorder.js';
import { resolveMetricsOptions, type SafeSyncMetricsOptions } from './safesync-metrics.options.js';

/** Serves Prometheus metrics and gives every SafeSync library of the application the recorder that fills them. */
@Module({})
export class SafeSyncMetricsModule {
  /** Once, in the root module; the recorder is global. */
  static forRoot(options?: SafeSyncMetricsOptions): DynamicModule {
    const { path, defaultMetrics, metrics, maxLabelValues } = resolveMetricsOptions(options);
    const metricProviders = [METRICS_FAULTS, ...metrics].map(makeMetricProvider);
    return {
      module: SafeSyncMetricsModule,
      global: true,
      imports: [
        PrometheusModule.register({
          path,
          controller: makeMetricsController(),
          // the process metrics live in the process-wide registry, which refuses them a second time
          defaultMetrics: { enabled: defaultMetrics && !register.getSingleMetric('process_cpu_seconds_total') },
        }),
      ],
      providers: [
        ...metricProviders,
        { provide: PrometheusRecorder, useFactory: () => new PrometheusRecorder(maxLabelValues) },
        { provide: METRICS_RECORDER, useExisting: PrometheusRecorder },
      ],
      exports: [...metricProviders, PrometheusRecorder, METRICS_RECORDER],
    };
  }
}

import { type INestApplication, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { METRICS_RECORDER, type MetricDefinition, type MetricsRecorder } from '@safesync/core';
import { SafeSyncMetricsModule, type SafeSyncMetricsOptions } from '@safesync/metrics';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { type Counter, register } from 'prom-client';
import request from 'supertest';
import type { App } from 'supertest/types.js';

const SOLD = {
  kind: 'counter',
  name: 'shop_sold_total',
  help: 'Items sold',
  labels: ['kind'],
} as const satisfies MetricDefinition;

@Injectable()
class Shop {
  constructor(@InjectMetric('shop_sold_total') readonly sold: Counter<'kind'>) {}
}

describe('SafeSyncMetricsModule', () => {
  const apps: INestApplication<App>[] = [];

  async function boot(
    options?: SafeSyncMetricsOptions,
    providers = [] as (typeof Shop)[],
  ): Promise<INestApplication<App>> {
    const compiled = await Test.createTestingModule({
      imports: [SafeSyncMetricsModule.forRoot(options)],
      providers,
    }).compile();
    const app = compiled.createNestApplication<INestApplication<App>>();
    apps.push(app);
    return app.init();
  }

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    register.clear();
  });

  it('serves what the recorder got on GET /metrics, in the text format', async () => {
    const app = await boot();
    app.get<MetricsRecorder>(METRICS_RECORDER).add(SOLD, { kind: 'book' }, 2);
    const { text, headers } = await request(app.getHttpServer()).get('/metrics').expect(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain(
      '# HELP shop_sold_total Items sold\n# TYPE shop_sold_total counter\nshop_sold_total{kind="book"} 2',
    );
    expect(text).not.toContain('process_cpu');
  });

  it('exposes listed metrics before their first sample and lets them be injected', async () => {
    const app = await boot({ metrics: [SOLD] }, [Shop]);
    const before = await request(app.getHttpServer()).get('/metrics');
    expect(before.text).toContain('# HELP shop_sold_total Items sold\n# TYPE shop_sold_total counter\n');
    app.get(Shop).sold.inc({ kind: 'book' });
    app.get<MetricsRecorder>(METRICS_RECORDER).add(SOLD, { kind: 'book' });
    const after = await request(app.getHttpServer()).get('/metrics');
    expect(after.text).toContain('shop_sold_total{kind="book"} 2');
  });

  it('serves two applications of one process on their own paths, process metrics included', async () => {
    const first = await boot({ path: '/first', defaultMetrics: true });
    const second = await boot({ path: '/second', defaultMetrics: true });
    const { text } = await request(first.getHttpServer()).get('/first').expect(200);
    expect(text).toContain('process_cpu_seconds_total');
    await request(second.getHttpServer()).get('/second').expect(200);
    await request(second.getHttpServer()).get('/first').expect(404);
  });

  it('refuses wrong options at once', () => {
    expect(() => SafeSyncMetricsModule.forRoot({ path: 'metrics' })).toThrow(
      'SafeSyncMetricsModule.forRoot: path must be a string that starts with "/". Correct the named options.',
    );
  });
});

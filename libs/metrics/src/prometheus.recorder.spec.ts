import { Logger } from '@nestjs/common';
import type { MetricDefinition } from '@safesync/core';
import { Counter, register } from 'prom-client';
import { PrometheusRecorder } from './prometheus.recorder.js';

const READ = {
  kind: 'counter',
  name: 'spec_read_total',
  help: 'Read',
  labels: ['stream'],
} as const satisfies MetricDefinition;
const LAG = { kind: 'gauge', name: 'spec_lag', help: 'Lag', labels: ['stream'] } as const satisfies MetricDefinition;
const TIME = {
  kind: 'histogram',
  name: 'spec_seconds',
  help: 'Time',
  labels: ['stream'],
  buckets: [0.1, 1],
} as const satisfies MetricDefinition;

describe('PrometheusRecorder', () => {
  let warnings: jest.SpyInstance;
  let recorder: PrometheusRecorder;

  beforeEach(() => {
    register.clear();
    recorder = new PrometheusRecorder(100);
    warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => {
    warnings.mockRestore();
    register.clear();
  });

  it('makes each metric at its first sample, as its definition says', async () => {
    recorder.add(READ, { stream: 's' });
    recorder.add(READ, { stream: 's' }, 2);
    recorder.set(LAG, { stream: 's' }, 7);
    recorder.observe(TIME, { stream: 's' }, 0.5);
    const text = await register.metrics();
    expect(text).toContain(
      '# HELP spec_read_total Read\n# TYPE spec_read_total counter\nspec_read_total{stream="s"} 3',
    );
    expect(text).toContain('# TYPE spec_lag gauge\nspec_lag{stream="s"} 7');
    expect(text).toContain('spec_seconds_bucket{le="0.1",stream="s"} 0\nspec_seconds_bucket{le="1",stream="s"} 1');
  });

  it('exposes a declared metric without a sample', async () => {
    recorder.declare([READ, TIME]);
    const text = await register.metrics();
    expect(text).toContain('# HELP spec_read_total Read\n# TYPE spec_read_total counter\n');
    expect(text).toContain('# HELP spec_seconds Time\n# TYPE spec_seconds histogram\n');
    expect(text).not.toMatch(/^spec_/m);
  });

  it('looks a followed gauge up whenever it is read, and adds up what several sources say', async () => {
    let lag = 3;
    recorder.follow(LAG, {}, () => [[{ stream: 's' }, lag]]);
    recorder.follow(LAG, {}, () => [
      [{ stream: 's' }, 10],
      [{ stream: 't' }, 1],
    ]);
    expect(await register.metrics()).toMatch(/spec_lag\{stream="s"\} 13\nspec_lag\{stream="t"\} 1\n/);
    lag = 4;
    expect(await register.metrics()).toContain('spec_lag{stream="s"} 14');
  });

  it('forgets what a source said before, and what it does not say any more', async () => {
    const source = {};
    recorder.follow(LAG, source, () => [[{ stream: 's' }, 1]]);
    recorder.follow(LAG, source, () => [[{ stream: 't' }, 2]]);
    expect(await register.metrics()).toContain('spec_lag{stream="t"} 2');
    expect(await register.metrics()).not.toContain('stream="s"');
  });

  it('counts a source that throws, and shows the others', async () => {
    recorder.follow(LAG, {}, () => {
      throw new Error('gone');
    });
    recorder.follow(LAG, {}, () => [[{ stream: 's' }, 1]]);
    expect(await register.metrics()).toContain('spec_lag{stream="s"} 1');
    expect(await register.metrics()).toContain('coti_safesync_metrics_faults_total{metric="spec_lag",fault="lost"}');
  });

  it('makes a series exist with a sample of 0', async () => {
    recorder.add(READ, { stream: 's' }, 0);
    expect(await register.metrics()).toContain('spec_read_total{stream="s"} 0');
  });

  it('goes on with a metric that the registry already holds', async () => {
    new Counter({ name: READ.name, help: READ.help, labelNames: ['stream'] }).inc({ stream: 's' });
    recorder.add(READ, { stream: 's' });
    expect(await register.metrics()).toContain('spec_read_total{stream="s"} 2');
  });

  it.each([
    ['a value that is not a number', () => recorder.add(READ, { stream: 's' }, Number.NaN)],
    [
      'a label that the metric does not have',
      // @ts-expect-error: what a program without types might pass
      () => recorder.add(READ, { tenant: 'x' }),
    ],
    [
      'a metric of another kind under the same name',
      () => recorder.set({ ...READ, kind: 'gauge' }, { stream: 's' }, 1),
    ],
  ])('counts and logs once, and does not throw, on %s', async (_, sample) => {
    const registered = new Counter({ name: READ.name, help: READ.help, labelNames: ['stream'] });
    sample();
    sample();
    expect(await register.metrics()).toContain(
      'coti_safesync_metrics_faults_total{metric="spec_read_total",fault="lost"} 2',
    );
    expect((await registered.get()).values).toEqual([]);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('keeps the number of series constant under 10 000 label values (S12)', async () => {
    for (let i = 0; i < 10_000; i += 1) recorder.add(READ, { stream: `s${i}` });
    const text = await register.metrics();
    expect(text.match(/^spec_read_total\{/gm)).toHaveLength(101);
    expect(text).toContain('spec_read_total{stream="other"} 9900');
    expect(text).toContain('coti_safesync_metrics_faults_total{metric="spec_read_total",fault="capped"} 9900');
    expect(warnings).toHaveBeenCalledTimes(1);
  });
});

import { resolveMetricsOptions } from './safesync-metrics.options.js';

describe('SafeSyncMetricsModule options', () => {
  it('has a default for everything', () => {
    expect(resolveMetricsOptions()).toEqual({
      path: '/metrics',
      defaultMetrics: false,
      metrics: [],
      maxLabelValues: 100,
    });
  });

  it('names every fault at once', () => {
    // @ts-expect-error: what a program without types might pass
    expect(() => resolveMetricsOptions({ path: 'metrics', maxLabelValues: 0, metrics: 'all' })).toThrow(
      /path must.*metrics must.*maxLabelValues must/s,
    );
  });
});

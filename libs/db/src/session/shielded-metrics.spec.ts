import type { MetricsRecorder } from '@safesync/core';
import { DB_METRICS, DB_SESSIONS_TOTAL } from '../db.metrics.js';
import { shieldedMetrics } from './shielded-metrics.js';

describe('shieldedMetrics', () => {
  it('hands on what a recorder throws, to nobody else', () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    const recorder: MetricsRecorder = { add: broken, observe: broken, set: broken, declare: broken };
    const errors: unknown[] = [];
    const shielded = shieldedMetrics(recorder, (error) => errors.push(error));
    shielded.declare?.(DB_METRICS);
    shielded.add(DB_SESSIONS_TOTAL, { outcome: 'committed' });
    expect(errors).toHaveLength(2);
  });

  it('passes samples on as they are', () => {
    const seen: unknown[] = [];
    const add = (...sample: unknown[]): void => void seen.push(sample);
    const recorder: MetricsRecorder = { add, observe: () => undefined, set: () => undefined };
    shieldedMetrics(recorder, fail).add(DB_SESSIONS_TOTAL, { outcome: 'committed' }, 3);
    expect(seen).toEqual([[DB_SESSIONS_TOTAL, { outcome: 'committed' }, 3]]);
  });
});

function fail(error: unknown): never {
  throw error;
}

import { growthOf, type MemoryPoint, whileWatched } from './resident-memory.js';

describe('memory over time', () => {
  const points = (...mb: number[]): MemoryPoint[] => mb.map((value, second) => [second, value]);

  it('compares the last quarter with the second: what the start takes is no growth', () => {
    expect(growthOf(points(50, 60, 100, 100, 100, 100, 110, 110))).toBe(1.1);
    expect(growthOf(points(50, 60, 100, 100, 100, 100, 99, 101))).toBe(1);
  });

  it('says nothing about a run that is too short', () => {
    expect(growthOf(points(100, 110, 120))).toBeUndefined();
  });

  it('watches a process while the work lasts', async () => {
    const { result, points: seen } = await whileWatched(process.pid, () => Promise.resolve('done'));
    expect(result).toBe('done');
    expect(seen[0]?.[1]).toBeGreaterThan(10);
  });
});

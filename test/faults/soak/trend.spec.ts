import { growthPerMinute, median, type Point } from './trend.js';

const line = (slopePerMinute: number, count = 20): Point[] =>
  Array.from({ length: count }, (_, i) => ({ at: i * 30_000, value: 100 + (slopePerMinute * i) / 2 }));

describe('growthPerMinute', () => {
  it.each([0, 3, -1.5])('finds the slope of a line: %p', (slope) => {
    expect(growthPerMinute(line(slope))).toBeCloseTo(slope);
  });

  it('is not moved by what faults do now and then', () => {
    const points = line(2).map((point, i) => (i % 7 === 3 ? { ...point, value: point.value + 5_000 } : point));
    expect(growthPerMinute(points)).toBeCloseTo(2);
  });

  it('finds growth under noise that is larger than a step', () => {
    const points = line(2).map((point, i) => ({ ...point, value: point.value + (i % 2 === 0 ? 4 : -4) }));
    expect(growthPerMinute(points)).toBeGreaterThan(1);
    expect(growthPerMinute(points)).toBeLessThan(3);
  });

  it('is 0 where nothing can be said', () => {
    expect(growthPerMinute([])).toBe(0);
    expect(growthPerMinute([{ at: 1, value: 5 }])).toBe(0);
  });
});

describe('median', () => {
  it('is the middle, or between the two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

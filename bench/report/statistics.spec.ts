import { quantile, ratioByRound, spread } from './statistics.js';

describe('statistics of runs', () => {
  it('a median is the middle, or the mean of the two middles', () => {
    expect(spread([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
    expect(spread([40, 10, 20, 30]).median).toBe(25);
    expect(() => spread([])).toThrow('at least one measurement');
  });

  it('a quantile lies between two neighbours in the order of size', () => {
    expect(quantile([9, 1], 0.25)).toBe(3);
    const hundred = Array.from({ length: 101 }, (_, i) => 100 - i);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('a ratio compares neighbours: a machine that halves its speed meanwhile changes nothing', () => {
    expect(ratioByRound([100, 50, 25], [200, 100, 50])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  });
});

import { ratioByRound, spread } from './statistics.js';

describe('statistics of runs', () => {
  it('a median is the middle, or the mean of the two middles', () => {
    expect(spread([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
    expect(spread([40, 10, 20, 30]).median).toBe(25);
    expect(() => spread([])).toThrow('at least one measurement');
  });

  it('a ratio compares neighbours: a machine that halves its speed meanwhile changes nothing', () => {
    expect(ratioByRound([100, 50, 25], [200, 100, 50])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  });
});

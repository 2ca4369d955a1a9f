import { sumOfSamples } from './worker-counters.js';

const PAGE = `# HELP a_total About a
# TYPE a_total counter
a_total{group="x"} 3
a_total{group="y"} 4
a_total_other 100
b 1.5
`;

describe('sumOfSamples', () => {
  it.each([
    ['a_total', 7],
    ['a_total{group="y"}', 4],
    ['b', 1.5],
    ['absent', 0],
  ])('adds up %s to %d', (name, sum) => {
    expect(sumOfSamples(PAGE, name)).toBe(sum);
  });
});

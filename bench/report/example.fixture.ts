import type { Benchmark, Contender, Run } from '../benchmarks/benchmark.js';
import type { Measured } from './measured.js';

/** Of three contenders: ours is 1.2 times as fast as `slow` in every round although the machine halves its speed in the second. */
export const example: Benchmark = {
  name: 'example',
  title: 'work & <nothing> else',
  unit: 'messages',
  ours: 'ours',
  contenders: ['ours', 'slow', 'fast'].map(contender),
  cases: [
    { key: 'c8', title: '8 at once', concurrency: 8 },
    { key: 'c1', title: '1 at once', concurrency: 1 },
  ],
  figures: [
    { key: 'speed', title: 'messages/s', digits: 0, compared: true },
    { key: 'statements', title: 'statements', digits: 2 },
  ],
  goals: [
    { id: 'slow', case: 'c8', figure: 'speed', against: 'slow', atLeast: 1.1 },
    { id: 'fast', case: 'c8', figure: 'speed', against: 'fast', atLeast: 0.9 },
    { id: 'fast-itself', case: 'c8', figure: 'speed', of: 'fast', against: 'slow', atMost: 2 },
    { id: 'statements', case: 'c8', figure: 'statements', atMost: 4 },
    { id: 'unmeasured', case: 'c1', figure: 'speed', against: 'slow', atLeast: 1 },
  ],
  full: { runs: 5, size: 1_000, cases: ['c8', 'c1'] },
  quick: { runs: 1, size: 10, cases: ['c8'] },
  run: () => Promise.reject(new Error('An example does not run.')),
};

export const measuredExample: Measured = {
  case: { key: 'c8', title: '8 at once', concurrency: 8 },
  byContender: new Map([
    [contender('ours'), [run(1_200, 4.001), run(600, 4.001), run(900, 4.001)]],
    [contender('slow'), [run(1_000, 5), run(500, 5), run(750, 5)]],
    [contender('fast'), [run(2_000), run(1_000), run(1_500)]],
  ]),
};

function contender(key: string): Contender {
  return { key, title: `the ${key} one`, module: `reference/${key}.js` };
}

function run(speed: number, statements?: number): Run {
  return { figures: { speed, statements }, sqlCalls: { questions: statements ?? 0 } };
}

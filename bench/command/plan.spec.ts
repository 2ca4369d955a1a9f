import { example } from '../report/example.fixture.js';
import { parseBenchOptions } from './bench-options.js';
import { planOf } from './plan.js';

describe('plan of a benchmark', () => {
  const plan = (...args: string[]): ReturnType<typeof planOf> =>
    planOf(example, parseBenchOptions(['example', ...args]));
  const keys = (all: readonly { readonly key: string }[]): string[] => all.map(({ key }) => key);

  it('takes what the benchmark says, less of it for --quick', () => {
    expect(plan()).toMatchObject({ runs: 5, size: 1_000, complete: true });
    expect(keys(plan().cases)).toEqual(['c8', 'c1']);
    expect(plan('--quick')).toMatchObject({ runs: 1, size: 10, complete: false });
    expect(keys(plan('--quick').cases)).toEqual(['c8']);
  });

  it('is changed by the command line, in the order of the benchmark', () => {
    const narrowed = plan('--runs', '9', '--size', '7', '--cases', 'c1', '--contenders', 'slow,ours');
    expect(narrowed).toMatchObject({ runs: 9, size: 7 });
    expect([keys(narrowed.cases), keys(narrowed.contenders)]).toEqual([['c1'], ['ours', 'slow']]);
  });

  it.each([[['--cases', 'c1']], [['--contenders', 'ours']], [['--profile', 'p']]])(
    'keeps no results of a part or of a slowed run: %j',
    (args) => {
      expect(plan(...args).complete).toBe(false);
    },
  );

  it('refuses what there is not', () => {
    expect(() => plan('--cases', 'c9')).toThrow('No case "c9"; there are: c8, c1.');
    expect(() => plan('--contenders', 'ours,me')).toThrow('No contender "me"; there are: ours, slow, fast.');
  });
});

import { example, measuredExample } from './example.fixture.js';
import { goalLines, judge } from './goals.js';

describe('goals', () => {
  const results = judge(example, [measuredExample]);

  it('are judged by the median of the ratios of single rounds, or of the figure in its own digits', () => {
    expect(results).toEqual([
      { id: 'slow', value: 1.2, goal: 1.1, met: true },
      { id: 'fast', value: 0.6, goal: 0.9, met: false },
      { id: 'fast-itself', value: 2, goal: 2, met: true },
      { id: 'statements', value: 4, goal: 4, met: true },
    ]);
  });

  it('need their case and their contenders to be measured', () => {
    const without = new Map([...measuredExample.byContender].filter(([{ key }]) => key !== 'fast'));
    const partial = judge(example, [{ ...measuredExample, byContender: without }]);
    expect(partial.map(({ id }) => id)).toEqual(['slow', 'statements']);
    expect(judge(example, [])).toEqual([]);
  });

  it('say what was asked for', () => {
    expect(goalLines(example, results).split('\n')).toEqual([
      'met      slow: 1.20 (goal: at least 1.10)',
      'NOT MET  fast: 0.60 (goal: at least 0.90)',
      'met      fast-itself: 2.00 (goal: at most 2.00)',
      'met      statements: 4.00 (goal: at most 4.00)',
    ]);
  });
});

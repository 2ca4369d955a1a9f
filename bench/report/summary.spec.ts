import { example, measuredExample } from './example.fixture.js';
import { spreadsOf, summaryOf } from './summary.js';

describe('closing line', () => {
  it('holds ratios by case and opponent, and medians of all figures with the counters behind them', () => {
    const { name, ratios, perMessage } = summaryOf(example, [measuredExample]);
    expect({ name, ratios }).toEqual({ name: 'example', ratios: { c8: { slow: 1.2, fast: 0.6 } } });
    expect(perMessage.c8).toEqual({
      ours: { speed: 900, statements: 4, sqlCalls: { questions: 4.001 } },
      slow: { speed: 750, statements: 5, sqlCalls: { questions: 5 } },
      fast: { speed: 1500, sqlCalls: { questions: 0 } },
    });
  });

  it('names the figure where several are compared, and leaves out what a case does not show', () => {
    const figures = [...example.figures, { key: 'other', title: 'other', digits: 0, compared: true }];
    const { ratios } = summaryOf({ ...example, figures }, [measuredExample]);
    expect(ratios).toEqual({ 'c8.speed': { slow: 1.2, fast: 0.6 } });
  });

  it('has no ratio to whom failed to show a figure in some round', () => {
    const [[ours = example.contenders[0], runs = []] = []] = measuredExample.byContender;
    const byContender = new Map([...measuredExample.byContender, [ours, runs.slice(1)]] as const);
    expect(summaryOf(example, [{ ...measuredExample, byContender } as never]).ratios).toEqual({});
  });

  it('keeps ranges for the results', () => {
    expect(spreadsOf(example, [measuredExample]).c8?.slow).toEqual({
      speed: { median: 750, min: 500, max: 1_000 },
      statements: { median: 5, min: 5, max: 5 },
    });
  });
});

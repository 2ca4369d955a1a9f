import type { Benchmark, Figure, Goal } from '../benchmarks/benchmark.js';
import { goalValue, isMet } from './goals.js';
import { figureOf, type Measured, ratioOf, runsOf } from './measured.js';
import type { Spread } from './statistics.js';

/** One bar of the chart: a contender's figure. */
export interface ChartRow {
  readonly title: string;
  readonly isOurs: boolean;
  readonly own: Spread;
  /** How often ours holds it. */
  readonly ratio: number | undefined;
  readonly goal: ChartGoal | undefined;
}

export interface ChartGoal {
  /** On the scale of the bars. */
  readonly mark: number;
  readonly text: string;
  readonly met: boolean;
}

export function chartRows({ ours, goals }: Benchmark, measured: Measured, { key }: Figure): ChartRow[] {
  const about = goals.filter((goal) => goal.case === measured.case.key && goal.figure === key);
  return [...measured.byContender].flatMap(([contender, runs]) => {
    const own = figureOf(runs, key);
    const isOurs = contender.key === ours;
    const ratio = isOurs ? undefined : ratioOf(measured, key, ours, contender.key)?.median;
    const goal = about.find((each) => rowOf(each, ours) === contender.key);
    return own ? [{ title: contender.title, isOurs, own, ratio, goal: goal && chartGoal(measured, goal, ours) }] : [];
  });
}

/** A ratio of ours stands beside whom ours is compared with, everything else beside whose figure it bounds. */
function rowOf({ of, against }: Goal, ours: string): string {
  return of === undefined || of === ours ? (against ?? ours) : of;
}

function chartGoal(measured: Measured, goal: Goal, ours: string): ChartGoal | undefined {
  const value = goalValue(measured, goal, ours);
  const bound = goal.atLeast ?? goal.atMost;
  if (value === undefined || bound === undefined) return undefined;
  const unit = goal.against === undefined ? 1 : figureOf(runsOf(measured, goal.against), goal.figure)?.median;
  const text = `goal: ${goal.of ? 'it ' : ''}${goal.atLeast === undefined ? 'at most' : 'at least'} ${bound}`;
  return { mark: bound * (unit ?? Number.NaN), text, met: isMet(goal, value) };
}

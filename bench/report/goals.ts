import type { Benchmark, Goal } from '../benchmarks/benchmark.js';
import { figureOf, type Measured, ratioOf, runsOf } from './measured.js';
import { round } from './statistics.js';

const RATIO_DIGITS = 3;

/** What a goal asked for and what was measured. */
export interface GoalResult {
  readonly id: string;
  readonly value: number;
  readonly goal: number;
  readonly met: boolean;
}

/** Every goal whose case and contenders were measured, in the benchmark's order. */
export function judge({ goals, ours, figures }: Benchmark, all: readonly Measured[]): GoalResult[] {
  return goals.flatMap((goal) => {
    const measured = all.find((each) => each.case.key === goal.case);
    const value = measured && goalValue(measured, goal, ours);
    const digits = goal.against === undefined ? figures.find(({ key }) => key === goal.figure)?.digits : undefined;
    return value === undefined ? [] : [result(goal, round(value, digits ?? RATIO_DIGITS))];
  });
}

/** The median that the goal bounds; undefined where it was not measured. */
export function goalValue(measured: Measured, { figure, of, against }: Goal, ours: string): number | undefined {
  const whose = of ?? ours;
  const found =
    against === undefined ? figureOf(runsOf(measured, whose), figure) : ratioOf(measured, figure, whose, against);
  return found?.median;
}

export function isMet({ atLeast, atMost }: Goal, value: number): boolean {
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
}

function result(goal: Goal, value: number): GoalResult {
  return { id: goal.id, value, goal: goal.atLeast ?? goal.atMost ?? Number.NaN, met: isMet(goal, value) };
}

export function goalLines({ goals }: Benchmark, results: readonly GoalResult[]): string {
  const lines = results.map(({ id, value, goal, met }) => {
    const bound = goals.find((each) => each.id === id)?.atLeast === undefined ? 'at most' : 'at least';
    return `${met ? 'met    ' : 'NOT MET'}  ${id}: ${value.toFixed(2)} (goal: ${bound} ${goal.toFixed(2)})`;
  });
  return lines.join('\n');
}

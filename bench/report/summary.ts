import type { Benchmark, Figure, Run } from '../benchmarks/benchmark.js';
import type { Calls } from '../counters/server-counters.js';
import { type GoalResult, judge } from './goals.js';
import { comparedFigures, figureOf, type Measured, ratioOf } from './measured.js';
import { round, type Spread } from './statistics.js';

/** The machine-readable end of every benchmark: one line of JSON. */
export interface BenchSummary {
  readonly name: string;
  /** By case (`c8`; `c8.p99` where several figures are compared), then by whom ours is compared with. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By case, then by contender: medians of all figures, and the servers' counters of the last run per unit of work. */
  readonly perMessage: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly goals: readonly GoalResult[];
}

export function summaryOf(benchmark: Benchmark, all: readonly Measured[]): BenchSummary {
  const compared = comparedFigures(benchmark);
  const ratios = all.flatMap((measured) =>
    compared.flatMap((figure) => {
      const name = compared.length === 1 ? measured.case.key : `${measured.case.key}.${figure.key}`;
      const found = ratiosOf(benchmark, measured, figure);
      return Object.keys(found).length === 0 ? [] : [[name, found]];
    }),
  );
  const perMessage = all.map((measured) => [measured.case.key, costsOf(benchmark, measured)]);
  return {
    name: benchmark.name,
    ratios: Object.fromEntries(ratios),
    perMessage: Object.fromEntries(perMessage),
    goals: judge(benchmark, all),
  };
}

function ratiosOf({ ours }: Benchmark, measured: Measured, figure: Figure): Record<string, number> {
  const others = [...measured.byContender.keys()].filter(({ key }) => key !== ours);
  const ratios = others.map(({ key }) => [key, ratioOf(measured, figure.key, ours, key)] as const);
  return Object.fromEntries(ratios.flatMap(([key, ratio]) => (ratio ? [[key, round(ratio.median, 3)]] : [])));
}

function costsOf({ figures }: Benchmark, { byContender }: Measured): Record<string, unknown> {
  return Object.fromEntries([...byContender].map(([{ key }, runs]) => [key, costOf(figures, runs)]));
}

function costOf(figures: readonly Figure[], runs: readonly Run[]): Record<string, unknown> {
  const medians = figures.flatMap(({ key, digits }) => {
    const found = figureOf(runs, key);
    return found ? [[key, round(found.median, digits)]] : [];
  });
  const { sqlCalls, redisCalls } = runs.at(-1) ?? {};
  return { ...Object.fromEntries(medians), ...rounded({ sqlCalls, redisCalls }) };
}

function rounded(calls: Readonly<Record<string, Calls | undefined>>): Record<string, Calls> {
  const each = (of: Calls): Calls => Object.fromEntries(Object.entries(of).map(([name, n]) => [name, round(n, 3)]));
  return Object.fromEntries(Object.entries(calls).flatMap(([name, of]) => (of ? [[name, each(of)]] : [])));
}

/** Medians with their ranges, for whoever draws or compares results later: by case, contender, figure. */
export function spreadsOf(
  { figures }: Benchmark,
  all: readonly Measured[],
): Record<string, Record<string, Record<string, Spread>>> {
  const ofRuns = (runs: readonly Run[]): Record<string, Spread> =>
    Object.fromEntries(
      figures.flatMap(({ key }) => {
        const found = figureOf(runs, key);
        return found ? [[key, found]] : [];
      }),
    );
  const ofCase = ({ byContender }: Measured): Record<string, Record<string, Spread>> =>
    Object.fromEntries([...byContender].map(([{ key }, runs]) => [key, ofRuns(runs)]));
  return Object.fromEntries(all.map((measured) => [measured.case.key, ofCase(measured)]));
}

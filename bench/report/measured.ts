import type { Benchmark, Figure, Measured, Run } from '../benchmarks/benchmark.js';
import { ratioByRound, type Spread, spread } from './statistics.js';

export type { Measured } from '../benchmarks/benchmark.js';

/** The figures that ours is compared in. */
export function comparedFigures({ figures }: Pick<Benchmark, 'figures'>): readonly Figure[] {
  return figures.filter(({ compared }) => compared);
}

export function runsOf({ byContender }: Measured, key: string): readonly Run[] {
  return [...byContender].find(([contender]) => contender.key === key)?.[1] ?? [];
}

/** Median and range of a figure; undefined when no run shows it. */
export function figureOf(runs: readonly Run[], figure: string): Spread | undefined {
  const values = runs.map((run) => run.figures[figure]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : spread(values);
}

/** How often one contender's figure holds another's, round by round; undefined unless both were measured in all of them. */
export function ratioOf(measured: Measured, figure: string, of: string, against: string): Spread | undefined {
  const [ours, theirs] = [of, against].map((key) =>
    runsOf(measured, key)
      .map((run) => run.figures[figure])
      .filter((value) => value !== undefined),
  );
  if (!ours || !theirs || ours.length === 0 || ours.length !== theirs.length) return undefined;
  return ratioByRound(ours, theirs);
}

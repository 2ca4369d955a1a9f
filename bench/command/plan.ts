import type { Benchmark, Case, Contender } from '../benchmarks/benchmark.js';
import type { BenchOptions } from './bench-options.js';

/** What is measured of a benchmark, and how often. */
export interface Plan {
  readonly benchmark: Benchmark;
  readonly runs: number;
  readonly size: number;
  readonly cases: readonly Case[];
  readonly contenders: readonly Contender[];
  readonly profileDir: string | undefined;
  /** Everything the benchmark has to show, undisturbed: its results are worth keeping. */
  readonly complete: boolean;
}

/** The benchmark's own amounts with what the command line changes; throws for a case or a contender that there is not. */
export function planOf(benchmark: Benchmark, options: BenchOptions): Plan {
  const amount = options.quick ? benchmark.quick : benchmark.full;
  const { runs = amount.runs, size = amount.size } = options;
  const narrowed = options.cases ?? options.contenders ?? options.profileDir;
  return {
    benchmark,
    runs,
    size,
    cases: chosen('case', benchmark.cases, options.cases ?? amount.cases),
    contenders: chosen('contender', benchmark.contenders, options.contenders),
    profileDir: options.profileDir,
    complete: narrowed === undefined && runs >= benchmark.full.runs && size >= benchmark.full.size,
  };
}

function chosen<T extends { readonly key: string }>(
  what: string,
  all: readonly T[],
  keys: readonly string[] | undefined,
): readonly T[] {
  const known = all.map(({ key }) => key);
  const unknown = keys?.find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`No ${what} "${unknown}"; there are: ${known.join(', ')}.`);
  return keys === undefined ? all : all.filter(({ key }) => keys.includes(key));
}

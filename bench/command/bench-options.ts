import { parseArgs } from 'node:util';

/** The command line, complete and checked as far as it can be without knowing the benchmark. */
export interface BenchOptions {
  /** Which benchmark, or `all`; undefined lists them. */
  readonly name: string | undefined;
  /** Rounds; undefined: what the benchmark says. */
  readonly runs: number | undefined;
  /** Units of work of a run; undefined: what the benchmark says. */
  readonly size: number | undefined;
  /** Keys of the cases to measure; undefined: what the benchmark says. */
  readonly cases: readonly string[] | undefined;
  /** Keys of the contenders to run; undefined: all. */
  readonly contenders: readonly string[] | undefined;
  readonly quick: boolean;
  /** Only the closing line, the JSON, on standard output. */
  readonly json: boolean;
  /** A goal that is not met fails the command. */
  readonly strict: boolean;
  /** Folder for CPU profiles of the contenders. */
  readonly profileDir: string | undefined;
}

/** Runs every benchmark, one after the other. */
export const ALL = 'all';

export const USAGE = `npm run bench -- <benchmark> [options]
  --runs <n>          rounds; every contender runs once in each
  --size <n>          how much work a run is: messages, sessions, ..
  --cases <a,b>       only these, by their keys in the JSON: c1,c8
  --contenders <a,b>  only these, by their keys in the JSON
  --quick             small enough for every change: under 40 seconds on 2 cores; writes no results
  --json              print the closing line of JSON only
  --strict            exit 1 when a goal is not met
  --profile <folder>  write a CPU profile of every contender's process`;

/** Reads the command line; throws an Error with a usable message for what it does not understand. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      size: { type: 'string' },
      cases: { type: 'string' },
      contenders: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  if (positionals.length > 1) throw new Error(`One benchmark at a time, not: ${positionals.join(' ')}.`);
  return {
    name: positionals[0],
    runs: count('--runs', values.runs),
    size: count('--size', values.size),
    cases: values.cases?.split(','),
    contenders: values.contenders?.split(','),
    quick: values.quick,
    json: values.json,
    strict: values.strict,
    profileDir: values.profile,
  };
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`${option} takes whole numbers from 1, not "${text}".`);
  return n;
}

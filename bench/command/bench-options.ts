import { parseArgs } from 'node:util';

/** The command line, complete and checked. */
export interface BenchOptions {
  /** Which benchmark; undefined lists them. */
  readonly name: string | undefined;
  /** Rounds; in each, every contender runs once. */
  readonly runs: number;
  /** Measured messages of a run, after the warm-up. */
  readonly messages: number;
  readonly concurrency: readonly number[];
  /** Keys of the contenders to run; undefined: all. */
  readonly contenders: readonly string[] | undefined;
  readonly quick: boolean;
  /** Only the last line, the JSON, on standard output. */
  readonly json: boolean;
  /** A goal that is not met fails the command. */
  readonly strict: boolean;
  /** Folder for CPU profiles of the contenders. */
  readonly profileDir: string | undefined;
}

const FULL = { runs: 5, messages: 10_000, concurrency: '1,8' };
const QUICK = { runs: 3, messages: 1_500, concurrency: '8' };

export const USAGE = `npm run bench -- <benchmark> [options]
  --runs <n>          rounds; every contender runs once in each (default ${FULL.runs}; quick ${QUICK.runs})
  --messages <n>      messages of a run (default ${FULL.messages}; quick ${QUICK.messages})
  --concurrency <n,n> messages at once (default ${FULL.concurrency}; quick ${QUICK.concurrency})
  --contenders <a,b>  only these, by their keys in the JSON (default: all)
  --quick             small enough for every change: under 40 seconds on 2 cores
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
      messages: { type: 'string' },
      concurrency: { type: 'string' },
      contenders: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  if (positionals.length > 1) throw new Error(`One benchmark at a time, not: ${positionals.join(' ')}.`);
  const defaults = values.quick ? QUICK : FULL;
  return {
    name: positionals[0],
    runs: count('--runs', values.runs ?? String(defaults.runs)),
    messages: count('--messages', values.messages ?? String(defaults.messages)),
    concurrency: (values.concurrency ?? defaults.concurrency).split(',').map((n) => count('--concurrency', n)),
    contenders: values.contenders?.split(','),
    quick: values.quick,
    json: values.json,
    strict: values.strict,
    profileDir: values.profile,
  };
}

function count(option: string, text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new Error(`${option} takes whole numbers from 1, not "${text}".`);
  return n;
}

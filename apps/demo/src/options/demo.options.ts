import { parseArgs } from 'node:util';

/** What `npm run demo -- …` asks for. */
export interface DemoOptions {
  readonly transfers: number;
  readonly workers: number;
  readonly killMysql: boolean;
  readonly killRedis: boolean;
  /** The negative control: a worker that does what SafeSync never does. */
  readonly sabotage: 'ack-before-commit' | undefined;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run demo -- [options]

Moves money between 200 accounts: HTTP -> Redis Stream -> 2 workers -> MySQL, kills one worker with SIGKILL in the middle,
then compares every account with what the accepted requests add up to. Exits 0 only if every invariant holds.

  --transfers N        how many transfers are sent (default 10000, at least 100)
  --workers N          worker processes (default 2, at most 16); the last one is killed
  --kill-mysql         also kill -9 the database after a quarter of the transfers; it is started again after 5 s
  --kill-redis         also kill -9 Redis after three quarters; it is started again after 5 s
  --sabotage ack-before-commit
                       negative control: one worker acknowledges before it commits; the demo must then exit 1
  --help               this text

Servers: MYSQL_URL and REDIS_URL if set, else private ones in .data/demo.
`;

/** A command line that cannot be obeyed; the message is for the person who wrote it. */
export class UsageError extends Error {
  constructor(what: string) {
    super(`${what}\nTry: npm run demo -- --help`);
    this.name = 'UsageError';
  }
}

/** Reads the command line; throws `UsageError` that names the argument. */
export function readDemoOptions(args: readonly string[], env: NodeJS.ProcessEnv = process.env): DemoOptions {
  const values = parse(args);
  if (values['kill-mysql']) requireOwnServer('--kill-mysql', 'MYSQL_URL', env);
  if (values['kill-redis']) requireOwnServer('--kill-redis', 'REDIS_URL', env);
  const sabotage = values.sabotage;
  if (sabotage !== undefined && sabotage !== 'ack-before-commit') {
    throw new UsageError(`--sabotage knows only "ack-before-commit", not "${sabotage}".`);
  }
  return {
    transfers: readCount('--transfers', values.transfers, 10_000, [100, 1_000_000]),
    workers: readCount('--workers', values.workers, 2, [1, 16]),
    killMysql: values['kill-mysql'] ?? false,
    killRedis: values['kill-redis'] ?? false,
    sabotage,
    help: values.help ?? false,
  };
}

const ARGUMENTS = {
  transfers: { type: 'string' },
  workers: { type: 'string' },
  'kill-mysql': { type: 'boolean' },
  'kill-redis': { type: 'boolean' },
  sabotage: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: ARGUMENTS, strict: true }).values;
  } catch (error) {
    // every fault that parseArgs finds has such a code
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('ERR_PARSE_ARGS') ? new UsageError(`${message}.`) : error;
  }
}

function requireOwnServer(flag: string, variable: string, env: NodeJS.ProcessEnv): void {
  if (env[variable])
    throw new UsageError(`${flag} kills a private server only; unset ${variable} to have one started.`);
}

function readCount(name: string, text: string | undefined, byDefault: number, [min, max]: [number, number]): number {
  if (text === undefined) return byDefault;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  return value;
}

import { readArguments, readWholeNumber, UsageError } from './arguments.js';

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

const PROGRAM = 'npm run demo';

const FLAGS = {
  transfers: { type: 'string' },
  workers: { type: 'string' },
  'kill-mysql': { type: 'boolean' },
  'kill-redis': { type: 'boolean' },
  sabotage: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const TRANSFERS = { flag: '--transfers', byDefault: 10_000, min: 100, max: 1_000_000 };
const WORKERS = { flag: '--workers', byDefault: 2, min: 1, max: 16 };

/** Reads the command line; throws `UsageError` that names the argument. */
export function readDemoOptions(args: readonly string[], env: NodeJS.ProcessEnv = process.env): DemoOptions {
  const values = readArguments(PROGRAM, args, FLAGS);
  if (values['kill-mysql']) requireOwnServer('--kill-mysql', 'MYSQL_URL', env);
  if (values['kill-redis']) requireOwnServer('--kill-redis', 'REDIS_URL', env);
  const sabotage = values.sabotage;
  if (sabotage !== undefined && sabotage !== 'ack-before-commit') {
    throw new UsageError(PROGRAM, `--sabotage knows only "ack-before-commit", not "${sabotage}".`);
  }
  return {
    transfers: readWholeNumber(PROGRAM, values.transfers, TRANSFERS),
    workers: readWholeNumber(PROGRAM, values.workers, WORKERS),
    killMysql: values['kill-mysql'] ?? false,
    killRedis: values['kill-redis'] ?? false,
    sabotage,
    help: values.help ?? false,
  };
}

function requireOwnServer(flag: string, variable: string, env: NodeJS.ProcessEnv): void {
  if (!env[variable]) return;
  throw new UsageError(PROGRAM, `${flag} kills a private server only; unset ${variable} to have one started.`);
}

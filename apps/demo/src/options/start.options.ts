import { resolve } from 'node:path';
import { DATA } from '../stage/kept-servers.js';
import { readArguments, readWholeNumber } from './arguments.js';

/** What `npm start -- …` asks for. */
export interface StartOptions {
  /** Where the ledger listens; 0 for any free port. */
  readonly port: number;
  /** Folder of the private servers' data, kept for the next start. */
  readonly data: string;
  readonly help: boolean;
}

export const START_USAGE = `Usage: npm start -- [options]

The ledger, API and worker in one process, with its servers, until Ctrl-C.

  --port N       where it listens (default LEDGER_PORT, else 3000; 0 for any free port)
  --data FOLDER  where private servers keep their data (default .data/start)
  --help         this text

Servers: MYSQL_URL and REDIS_URL if set (the database "ledger" is made there), else private ones.
`;

const PROGRAM = 'npm start';
const FLAGS = { port: { type: 'string' }, data: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
const PORT = { flag: '--port', byDefault: 3000, min: 0, max: 65_535 };

/** Reads the command line; throws `UsageError` that names the argument. */
export function readStartOptions(args: readonly string[], env: NodeJS.ProcessEnv = process.env): StartOptions {
  const { port, data = `${DATA}/start`, help = false } = readArguments(PROGRAM, args, FLAGS);
  return { port: readWholeNumber(PROGRAM, port ?? env.LEDGER_PORT, PORT), data: resolve(data), help };
}

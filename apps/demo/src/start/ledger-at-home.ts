import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LedgerClient } from '../client/ledger-client.js';
import type { StartOptions } from '../options/start.options.js';
import { LedgerProcess } from '../processes/ledger-process.js';
import { createDatabase } from '../stage/database.js';
import { startKeptServers } from '../stage/kept-servers.js';
import type { UndoStack } from '../stage/undo-stack.js';

const LEDGER = join(import.meta.dirname, '..', '..', 'ledger');
const run = promisify(execFile);

export interface Home {
  readonly options: StartOptions;
  readonly undo: UndoStack;
  readonly abort: AbortController;
  readonly say: (text: string) => void;
}

/** Servers whose data stays, the newest tables, and one ledger process that takes requests and handles them. Answers its URL. */
export async function startAtHome({ options, undo, abort, say }: Home): Promise<string> {
  const { data, port } = options;
  await mkdir(data, { recursive: true });
  const servers = await startKeptServers({ dataDir: data, fresh: false, undo, say });
  const urls = { MYSQL_URL: await createDatabase(servers.mysqlUrl, 'ledger'), REDIS_URL: servers.redisUrl };
  const env = { ...process.env, ...urls, LEDGER_ROLE: 'both', LEDGER_PORT: String(port), NO_COLOR: '1' };
  await run(process.execPath, [join(LEDGER, 'migrate.js')], { env });
  const ledger = LedgerProcess.start({
    name: 'ledger',
    script: join(LEDGER, 'main.js'),
    env,
    logFile: join(data, 'ledger.log'),
    onUnexpectedEnd: (error) => abort.abort(error),
  });
  undo.push(() => ledger.stop());
  const url = await ledger.saying('url');
  const client = new LedgerClient(url, abort.signal);
  for (const account of ['alice', 'bob']) await client.openAccount(account, '1000.00');
  return url;
}

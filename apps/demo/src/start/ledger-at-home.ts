import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LedgerClient } from '../client/ledger-client.js';
import { LedgerProcess } from '../processes/ledger-process.js';
import { createDatabase } from '../stage/database.js';
import { DATA, startKeptServers } from '../stage/kept-servers.js';
import type { UndoStack } from '../stage/undo-stack.js';

const LEDGER = join(import.meta.dirname, '..', '..', 'ledger');
const run = promisify(execFile);

/** Servers whose data stays, the newest tables, and one ledger process that takes requests and handles them. Answers its URL. */
export async function startAtHome(
  undo: UndoStack,
  abort: AbortController,
  say: (text: string) => void,
): Promise<string> {
  const folder = join(DATA, 'start');
  await mkdir(folder, { recursive: true });
  const servers = await startKeptServers({ folder: 'start', fresh: false, undo, say });
  const mysqlUrl = await createDatabase(servers.mysqlUrl, 'ledger');
  const env = { ...process.env, MYSQL_URL: mysqlUrl, REDIS_URL: servers.redisUrl, LEDGER_ROLE: 'both', NO_COLOR: '1' };
  await run(process.execPath, [join(LEDGER, 'migrate.js')], { env });
  const ledger = LedgerProcess.start({
    name: 'ledger',
    script: join(LEDGER, 'main.js'),
    env,
    logFile: join(folder, 'ledger.log'),
    onUnexpectedEnd: (error) => abort.abort(error),
  });
  undo.push(() => ledger.stop());
  const url = await ledger.saying('url');
  const client = new LedgerClient(url, abort.signal);
  for (const account of ['alice', 'bob']) await client.openAccount(account, '1000.00');
  return url;
}

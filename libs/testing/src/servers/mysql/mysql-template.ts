import { createHash, randomBytes } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runCommand, tailOf } from '../command.js';
import { homeFolder } from '../home-folder.js';
import type { ServerBinary } from '../server-kind.js';
import { ServerStartError } from '../servers.errors.js';
import { layoutArguments, mysqlLayout } from './mysql-layout.js';

const INITIALISE_MS = 120_000;

// What mariadb-install-db feeds to the server, without its shell script: in this order, each where the version has it.
const MARIADB_SQL = [
  /_system_tables\.sql$/,
  /_performance_tables\.sql$/,
  /_system_tables_data\.sql$/,
  /^fill_help_tables\.sql$/,
  /^maria_add_gis_sp_bootstrap\.sql$/,
  /_sys_schema\.sql$/,
];
const MARIADB_PROLOGUE = [
  'CREATE DATABASE IF NOT EXISTS mysql;',
  'USE mysql;',
  'SET @auth_root_socket=NULL;',
  'SET @skip_auth_anonymous=1;',
  '',
].join('\n');

// Connections come by address and names are not looked up, so the account has to name the address.
const MYSQL_ACCOUNT = [
  "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';",
  "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;",
  '',
].join('\n');

/**
 * A data folder as a new installation has it, root without a password, made once per installed version (MySQL takes seconds
 * for it) and copied for every fresh server. Kept in `.data/templates` of the working folder.
 */
export async function mysqlTemplate(binary: ServerBinary): Promise<string> {
  const installation = createHash('sha256').update(realpathSync(binary.path)).digest('hex').slice(0, 8);
  const template = join(
    await homeFolder(),
    'templates',
    `${binary.product}-${binary.version}-${installation}`.toLowerCase(),
  );
  if (existsSync(template)) return template;
  const draft = `${template}.${randomBytes(4).toString('hex')}`;
  await mkdir(draft, { recursive: true });
  try {
    await initialise(binary, draft);
    await rm(join(draft, 'auto.cnf'), { force: true }); // the identity of one server, which copies must not share
    await rename(draft, template).catch((error: unknown) => {
      if (!existsSync(template)) throw error; // else another launch was faster, and its template is as good
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return template;
}

async function initialise(binary: ServerBinary, folder: string): Promise<void> {
  const result = binary.product === 'MariaDB' ? await bootstrap(binary, folder) : await initialiseMysql(binary, folder);
  if (result.code === 0) return;
  const logFile = `${folder}.log`;
  await writeFile(logFile, result.output);
  const reason = `the first data folder could not be made (exit code ${result.code})`;
  throw new ServerStartError(
    `${binary.product} ${binary.version} (${binary.path})`,
    reason,
    logFile,
    tailOf(result.output),
  );
}

async function bootstrap(binary: ServerBinary, folder: string): Promise<CommandResult> {
  const layout = mysqlLayout(binary);
  if (!layout)
    return { code: -1, output: `No folder with MariaDB's system tables (share/mysql) beside ${binary.path}.` };
  await mkdir(join(folder, 'mysql'));
  const names = await readdir(layout.share);
  const files = MARIADB_SQL.flatMap((pattern) => names.filter((name) => pattern.test(name)).slice(0, 1));
  const scripts = await Promise.all(files.map((name) => readFile(join(layout.share, name), 'utf8')));
  const args = [...serverIdentity(binary, folder), '--bootstrap', '--max-allowed-packet=8M'];
  return runCommand(binary.path, args, { input: MARIADB_PROLOGUE + scripts.join('\n'), timeoutMs: INITIALISE_MS });
}

async function initialiseMysql(binary: ServerBinary, folder: string): Promise<CommandResult> {
  const accounts = `${folder}.sql`;
  await writeFile(accounts, MYSQL_ACCOUNT);
  const args = [...serverIdentity(binary, folder), '--initialize-insecure', `--init-file=${accounts}`];
  const result = await runCommand(binary.path, args, { timeoutMs: INITIALISE_MS });
  await rm(accounts);
  return result;
}

/** What every invocation begins with: no option files of the machine, the data folder, and root said out loud. */
export function serverIdentity(binary: ServerBinary, dataFolder: string): string[] {
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  return ['--no-defaults', ...user, ...layoutArguments(mysqlLayout(binary)), `--datadir=${dataFolder}`];
}

import { constants, existsSync } from 'node:fs';
import { cp, realpath } from 'node:fs/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { isAtLeast } from '../binary-search.js';
import type {
  ServerAnswer,
  ServerBinary,
  ServerCommand,
  ServerKind,
  ServerPlace,
  ServerProduct,
} from '../server-kind.js';
import { mysqlTemplate, serverIdentity } from './mysql-template.js';

const OLDEST = { MySQL: '8.0', MariaDB: '10.6' } as const;

// A commit is on the disk when it is answered, as in production. With `--innodb-flush-log-at-trx-commit=2` in `args` it is with the
// operating system instead: faster, and still safe from a kill of the server, if not from a power cut.
const SETTINGS = [
  '--bind-address=127.0.0.1',
  '--socket=mysql.sock', // relative to the data folder: a full path would soon pass the 107 bytes a socket's name may have
  '--pid-file=mysqld.pid',
  '--skip-name-resolve',
  '--character-set-server=utf8mb4',
  '--innodb-flush-log-at-trx-commit=1',
  '--innodb-buffer-pool-size=64M',
  '--max-connections=400',
];
const MYSQL_SETTINGS = ['--mysqlx=OFF', '--skip-log-bin', '--secure-file-priv=NULL', '--performance-schema=OFF'];

/** MySQL or MariaDB, whichever is found first. */
export const mysqlKind: ServerKind = {
  name: 'MySQL',
  key: 'mysql',
  variable: 'MYSQL_URL',
  executables: ['mariadbd', 'mysqld'],
  packages: ['mariadb-server-core'],
  install: '`apt-get install mariadb-server-core`, `brew install mariadb`',
  container: {
    image: 'mysql:8.4',
    port: 3306,
    volume: '/var/lib/mysql',
    environment: { MYSQL_ALLOW_EMPTY_PASSWORD: 'yes', MYSQL_ROOT_HOST: '%' },
    command: SETTINGS.slice(3),
  },
  readyWithinMs: 60_000,
  identify,
  url: (port) => `mysql://root@127.0.0.1:${port}`,
  prepare,
  ask,
};

function identify(versionOutput: string): ServerProduct | string {
  const version = / Ver (\d+\.\d+\.\d+)/.exec(versionOutput)?.[1];
  if (version === undefined) return 'does not say that it is MySQL or MariaDB';
  const product = /MariaDB/i.test(versionOutput) ? 'MariaDB' : 'MySQL';
  if (!isAtLeast(version, OLDEST[product])) return `is ${product} ${version}, older than ${OLDEST[product]}`;
  return { product, version };
}

async function prepare(binary: ServerBinary, place: ServerPlace, args: readonly string[]): Promise<ServerCommand> {
  if (!existsSync(place.dataFolder)) {
    await cp(await mysqlTemplate(binary), place.dataFolder, { recursive: true, mode: constants.COPYFILE_FICLONE });
  }
  const own = binary.product === 'MySQL' ? MYSQL_SETTINGS : [];
  return {
    command: binary.path,
    args: [...serverIdentity(binary, place.dataFolder), `--port=${place.port}`, ...SETTINGS, ...own, ...args],
  };
}

async function ask(url: string, withinMs: number): Promise<ServerAnswer> {
  const connection = await createConnection({ uri: url, connectTimeout: withinMs });
  try {
    const sql = 'SELECT VERSION() AS version, @@datadir AS folder';
    const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: withinMs });
    const { version, folder } = rows[0] as { version: string; folder: string };
    return { version: productOf(version), isFrom: (place) => isSameFolder(folder, place.dataFolder) };
  } finally {
    connection.destroy();
  }
}

function productOf(version: string): string {
  const [number] = version.split('-');
  return `${/MariaDB/i.test(version) ? 'MariaDB' : 'MySQL'} ${number}`;
}

async function isSameFolder(answered: string, own: string): Promise<boolean> {
  return (await realpath(answered).catch(() => answered)) === (await realpath(own));
}

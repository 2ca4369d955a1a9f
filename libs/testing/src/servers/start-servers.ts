import { join, resolve } from 'node:path';
import { homeFolder } from './home-folder.js';
import type { ManagedServer } from './managed-server.js';
import { mysqlKind } from './mysql/mysql.kind.js';
import { type PrivateServer, startPrivateServer } from './private-server.js';
import { redisKind } from './redis/redis.kind.js';
import type { ServerKind } from './server-kind.js';
import { findSources, type ServerSource } from './server-source.js';

/** What to know about one server. */
export interface ServerWish {
  /** Added to the private server's command line, such as `--innodb-flush-log-at-trx-commit=2`. */
  readonly args?: readonly string[];
}

export interface StartServersOptions {
  /** Wanted, with its options. Default true. */
  readonly mysql?: boolean | ServerWish;
  /** Wanted, with its options. Default true. */
  readonly redis?: boolean | ServerWish;
  /** Folder of the private servers' data. Default `.data/servers` of the working folder. */
  readonly dataDir?: string;
  /**
   * True: start empty, in a folder of its own below `dataDir`, removed by `stop`; any number of launches at a time. False: keep
   * the data in `dataDir` for the next launch; one launch at a time. Default: false when `dataDir` is given, else true.
   */
  readonly fresh?: boolean;
  /** Where MYSQL_URL, REDIS_URL and PATH are read. Default the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** False: private servers although the environment names running ones, for tests that break them. Default true. */
  readonly useEnvironment?: boolean;
  /** Whether the distribution's packages may be installed when nothing else is found. Default true. */
  readonly install?: boolean;
  /** Folders searched for executables after the PATH. Default the usual ones. */
  readonly folders?: readonly string[];
  /** Told in one line what takes long and what was decided. */
  readonly onProgress?: (line: string) => void;
}

/** The servers that answer now. */
export interface Servers {
  /** Empty when MySQL was not wanted. */
  readonly mysqlUrl: string;
  /** Empty when Redis was not wanted. */
  readonly redisUrl: string;
  /** The private server; undefined when the environment named a running one, or none was wanted. */
  readonly mysql: ManagedServer | undefined;
  readonly redis: ManagedServer | undefined;
  /** What runs where, in one line. */
  readonly description: string;
  /** Ends the private servers; leaves those of the environment alone. */
  stop(): Promise<void>;
}

/** One server of a launch: the environment's, or a private one. */
interface StartedServer {
  readonly kind: ServerKind;
  readonly url: string;
  readonly description: string;
  readonly own?: PrivateServer;
}

/**
 * Real servers, found in this order: MYSQL_URL and REDIS_URL; private instances of installed executables; docker compose; on
 * Debian and Ubuntu, with root or sudo, the distribution's packages. Private ones listen on a free loopback port, take root
 * without a password and end with this process, however it ends. Rejects with `ServersNotFoundError`,
 * `ServerUnreachableError`, `ServerStartError`, `DataFolderInUseError` or `PackageInstallError`; nothing runs then.
 */
export async function startServers(options: StartServersOptions = {}): Promise<Servers> {
  const kinds = [mysqlKind, redisKind].filter((kind) => (options[kind.key] ?? true) !== false);
  const onProgress = options.onProgress ?? ((): void => undefined);
  const env = { ...(options.env ?? process.env) };
  if (options.useEnvironment === false) for (const kind of kinds) delete env[kind.variable];
  const { folders, install = true } = options;
  const sources = await findSources(kinds, { env, folders, install, onProgress });
  const dataDir = options.dataDir === undefined ? join(await homeFolder(), 'servers') : resolve(options.dataDir);
  const fresh = options.fresh ?? options.dataDir === undefined;
  for (const [index, kind] of kinds.entries()) announce(kind, sources[index] as ServerSource, onProgress);
  const started = await allOrNone(
    kinds.map((kind, index) => startOne(kind, sources[index] as ServerSource, { ...options, dataDir, fresh })),
  );
  const servers = present(started);
  onProgress(servers.description);
  return servers;
}

async function startOne(
  kind: ServerKind,
  source: ServerSource,
  options: StartServersOptions & { readonly dataDir: string; readonly fresh: boolean },
): Promise<StartedServer> {
  if (source.from === 'environment') {
    const description = `${source.version} (${kind.variable})`;
    return { kind, url: source.url, description };
  }
  const wish = options[kind.key];
  const args = typeof wish === 'object' ? (wish.args ?? []) : [];
  const own = await startPrivateServer({ kind, source, dataDir: options.dataDir, fresh: options.fresh, args });
  const { version, url, port } = own.server;
  return { kind, url, own, description: `${version} (private, port ${port})` };
}

function announce(kind: ServerKind, source: ServerSource, onProgress: (line: string) => void): void {
  if (source.from === 'binary')
    onProgress(`starting ${source.binary.product} ${source.binary.version} (${source.binary.path})`);
  if (source.from === 'compose')
    onProgress(`starting ${kind.container.image} with docker compose, which may fetch it first`);
}

async function allOrNone(starts: readonly Promise<StartedServer>[]): Promise<StartedServer[]> {
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === 'rejected');
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (!failed) return started;
  await release(started);
  throw failed.reason;
}

async function release(started: readonly StartedServer[]): Promise<void> {
  await Promise.all(started.flatMap(({ own }) => (own ? [own.release()] : [])));
}

function present(started: readonly StartedServer[]): Servers {
  const find = (kind: ServerKind): StartedServer | undefined => started.find((server) => server.kind === kind);
  const mysql = find(mysqlKind);
  const redis = find(redisKind);
  return {
    mysqlUrl: mysql?.url ?? '',
    redisUrl: redis?.url ?? '',
    mysql: mysql?.own?.server,
    redis: redis?.own?.server,
    description: started.map((server) => server.description).join(', '),
    stop: () => release(started),
  };
}

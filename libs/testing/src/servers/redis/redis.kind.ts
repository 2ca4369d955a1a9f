import { mkdir } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { isAtLeast } from '../binary-search.js';
import type {
  ServerAnswer,
  ServerBinary,
  ServerCommand,
  ServerKind,
  ServerPlace,
  ServerProduct,
} from '../server-kind.js';

const OLDEST = { Redis: '6.2', Valkey: '7.2' } as const;

// Every command is in the file within a second, and in the page cache at once: a kill -9 of the server loses nothing.
const SETTINGS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];

/** Redis or Valkey, whichever is found first. */
export const redisKind: ServerKind = {
  name: 'Redis',
  key: 'redis',
  variable: 'REDIS_URL',
  executables: ['redis-server', 'valkey-server'],
  packages: ['redis-server'],
  install: '`apt-get install redis-server`, `brew install redis`',
  container: {
    image: 'redis:8',
    port: 6379,
    volume: '/data',
    environment: {},
    command: ['redis-server', ...SETTINGS],
  },
  readyWithinMs: 30_000,
  identify,
  url: (port) => `redis://127.0.0.1:${port}`,
  prepare,
  ask,
};

function identify(versionOutput: string): ServerProduct | string {
  const [, product, version] = /(Redis|Valkey) server v=(\d+\.\d+\.\d+)/.exec(versionOutput) ?? [];
  if (version === undefined) return 'does not say that it is Redis or Valkey';
  const name = product as 'Redis' | 'Valkey';
  if (!isAtLeast(version, OLDEST[name])) return `is ${name} ${version}, older than ${OLDEST[name]}`;
  return { product: name, version };
}

async function prepare(binary: ServerBinary, place: ServerPlace, args: readonly string[]): Promise<ServerCommand> {
  await mkdir(place.dataFolder, { recursive: true });
  const own = ['--port', String(place.port), '--bind', '127.0.0.1', '--dir', place.dataFolder, '--daemonize', 'no'];
  return { command: binary.path, args: [...own, ...SETTINGS, ...args] };
}

async function ask(url: string, withinMs: number): Promise<ServerAnswer> {
  const client = new Redis(url, {
    lazyConnect: true,
    protocol: 2,
    connectTimeout: withinMs,
    commandTimeout: withinMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let refusal: Error | undefined;
  client.on('error', (error) => {
    refusal = error;
  });
  try {
    await client.connect();
    await client.ping();
    return await identifyByInfo(client);
  } catch (error) {
    // ioredis rejects with "Connection is closed." and tells the cause only by the event
    throw refusal ?? error;
  } finally {
    // on a connection that has ended already, it would only hold a timer open
    if (client.status !== 'end') client.disconnect();
  }
}

async function identifyByInfo(client: Redis): Promise<ServerAnswer> {
  // an account with few rights may not ask; it has answered PING, which is what counts
  const info = await client.info('server').catch(() => '');
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const valkey = field('valkey_version');
  const version = valkey === undefined ? `Redis ${field('redis_version') ?? 'of unknown version'}` : `Valkey ${valkey}`;
  return { version, isFrom: (_place, pid) => Promise.resolve(field('process_id') === String(pid)) };
}

import { join } from 'node:path';
import { Redis } from 'ioredis';
import { TcpProxy } from '../../fault/network/tcp-proxy.js';
import { eventually } from '../../waiting/eventually.js';
import { homeFolder } from '../home-folder.js';
import type { ManagedServer } from '../managed-server.js';
import { type PrivateServer, startPrivateServer } from '../private-server.js';
import type { ServerKind } from '../server-kind.js';
import { findSources, type ServerSource } from '../server-source.js';
import { ServersNotFoundError } from '../servers.errors.js';
import { redisKind } from './redis.kind.js';
import { PRIMARY_NAME, sentinelKind } from './sentinel.kind.js';

/** A Sentinel that finds the replica has it follow the primary directly, past the link that is to be cut. */
const UNKNOWN = ['--replica-announce-port', '1'];

/**
 * A private Redis with a replica and a Sentinel, for tests of what a failover forgets: replication is asynchronous, so what the
 * primary has confirmed may not be there any more when its replica takes over.
 */
export class RedisFailover {
  private constructor(
    private readonly servers: readonly PrivateServer[],
    private readonly link: TcpProxy,
    readonly primary: ManagedServer,
    readonly replica: ManagedServer,
    private readonly sentinel: ManagedServer,
  ) {}

  /**
   * Starts the three, of an installed executable; resolves when the replica follows the primary.
   * Rejects with `ServersNotFoundError` or `ServerStartError`.
   */
  static async start(): Promise<RedisFailover> {
    const source = await executable();
    const servers: PrivateServer[] = [];
    const start = async (kind: ServerKind, args: readonly string[] = []): Promise<ManagedServer> => {
      const dataDir = join(await homeFolder(), 'servers');
      const own = await startPrivateServer({ kind, source, dataDir, fresh: true, args });
      servers.push(own);
      return own.server;
    };
    let link: TcpProxy | undefined;
    try {
      const primary = await start(redisKind);
      link = await TcpProxy.start({ host: '127.0.0.1', port: primary.port });
      const replica = await start(redisKind, ['--replicaof', '127.0.0.1', String(link.port), ...UNKNOWN]);
      const failover = new RedisFailover(servers, link, primary, replica, await start(sentinelKind(primary.port)));
      await failover.untilLinked();
      return failover;
    } catch (error) {
      await release(servers, link);
      throw error;
    }
  }

  /** What a client connects with, in the form that ioredis takes. */
  get input(): { readonly sentinels: { host: string; port: number }[]; readonly name: string } {
    return { sentinels: [{ host: '127.0.0.1', port: this.sentinel.port }], name: PRIMARY_NAME };
  }

  /** From now on nothing reaches the replica, and neither side is told: what is written is on the primary alone. */
  cutReplication(): void {
    this.link.silence();
  }

  /**
   * Kills the primary as a power cut would, makes the replica the primary and tells the Sentinel, which would take its time to find
   * out. Resolves when clients are led to it. Once in the life of this object.
   */
  async failOver(): Promise<void> {
    await this.primary.kill();
    await ask(this.replica, (client) => client.replicaof('NO', 'ONE'));
    await ask(this.sentinel, async (client) => {
      await client.call('SENTINEL', ['REMOVE', PRIMARY_NAME]);
      await client.call('SENTINEL', ['MONITOR', PRIMARY_NAME, '127.0.0.1', this.replica.port, 1]);
    });
  }

  /** Ends all three. */
  async stop(): Promise<void> {
    await release(this.servers, this.link);
  }

  private async untilLinked(): Promise<void> {
    const isLinked = async (): Promise<boolean> =>
      /master_link_status:up/.test(await ask(this.replica, (client) => client.info('replication')));
    await eventually(isLinked, { what: 'the replica follows the primary', withinMs: 30_000 });
  }
}

/** Three servers that talk to each other over loopback need an executable: containers have networks of their own. */
async function executable(): Promise<Extract<ServerSource, { from: 'binary' }>> {
  const env = { ...process.env, [redisKind.variable]: undefined };
  const options = { env, folders: undefined, install: true, onProgress: () => undefined };
  const [source] = await findSources([redisKind], options);
  if (source?.from === 'binary') return source;
  const { name, variable, install } = redisKind;
  throw new ServersNotFoundError([
    { name, variable, install, tried: ['docker compose does not serve for a failover'] },
  ]);
}

async function ask<T>({ url }: ManagedServer, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { protocol: 2, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await question(client);
  } finally {
    client.disconnect();
  }
}

async function release(servers: readonly PrivateServer[], link: TcpProxy | undefined): Promise<void> {
  await Promise.all(servers.map((server) => server.release()));
  await link?.stop();
}

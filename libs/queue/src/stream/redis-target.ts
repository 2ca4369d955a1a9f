import { OptionFaults } from '@safesync/core';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';

/** One node to ask for the topology of a cluster. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** A Redis Cluster. Stream names need a hash tag, for example `{orders}`, so that all keys of a stream share a slot. */
export interface RedisClusterInput {
  readonly nodes: readonly RedisNode[];
  readonly options?: ClusterOptions;
}

/**
 * Where Redis is: a URL (`redis://`, `rediss://`), ioredis options (Sentinel's too), a cluster, or a client of yours, which
 * is only copied (`duplicate()`): never used, never closed.
 */
export type RedisInput = string | RedisOptions | RedisClusterInput | Redis | Cluster;

export type RedisClient = Redis | Cluster;

/** A place to connect to, any number of times. */
export interface RedisTarget {
  /** Host and port for logs; never a user name or a password. */
  readonly description: string;
  readonly isCluster: boolean;
  /** A new client that has not connected yet. */
  create(): RedisClient;
}

/**
 * What the library decides itself, whatever the user's client does: one client is one socket (no reconnect inside), nothing
 * is queued or sent twice, replies have one shape on ioredis 5 and 6.
 */
const FORCED = {
  keepAlive: 10_000,
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: null,
  retryStrategy: null,
  reconnectOnError: null,
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  enableAutoPipelining: false,
  stringNumbers: false,
  monitor: false,
  protocol: 2,
  replyMapping: 'legacy',
} as const;

// the nodes of a cluster need their queue: the cluster client sends to a node before it has connected
const { enableOfflineQueue: _queue, retryStrategy: _retry, lazyConnect: _lazy, ...FORCED_NODE } = FORCED;
const FORCED_CLUSTER = {
  lazyConnect: true,
  enableOfflineQueue: false,
  clusterRetryStrategy: null,
  clusterNodeRetryStrategy: null,
  retryDelayOnFailover: 0,
  enableAutoPipelining: false,
  scaleReads: 'master',
} as const;

/** Checks `input` (throws `InvalidOptionsError`) without connecting. */
export function redisTarget(input: RedisInput): RedisTarget {
  if (isClient(input))
    return 'isCluster' in input && input.isCluster ? copyOfCluster(input as Cluster) : copyOf(input as Redis);
  if (typeof input === 'object' && 'nodes' in input) return clusterTarget(input);
  return singleTarget(input);
}

function isClient(input: RedisInput): input is RedisClient {
  // by shape: the user's ioredis may be another copy or another major version than ours
  return typeof input === 'object' && typeof (input as Partial<Redis>).duplicate === 'function';
}

function singleTarget(input: string | RedisOptions): RedisTarget {
  const given: RedisOptions = typeof input === 'string' ? optionsOfUrl(input) : input;
  refuseKeyPrefix(given.keyPrefix);
  const options: RedisOptions = { ...given, ...FORCED };
  return { description: describe(given), isCluster: false, create: () => new Redis(options) };
}

function optionsOfUrl(url: string): RedisOptions {
  const faults = new OptionFaults('Redis connection');
  // the text itself stays out of the message: it may hold a password
  faults.require(
    /^rediss?:\/\/./.test(url) && URL.canParse(url),
    'url must start with redis:// or rediss:// and be a valid URL',
  );
  faults.throwIfAny();
  const probe = new Redis(url, { lazyConnect: true });
  const { options } = probe;
  probe.disconnect();
  return options;
}

function copyOf(client: Redis): RedisTarget {
  refuseKeyPrefix(client.options.keyPrefix);
  return { description: describe(client.options), isCluster: false, create: () => client.duplicate(FORCED) };
}

function clusterTarget(input: RedisClusterInput): RedisTarget {
  const faults = new OptionFaults('Redis connection');
  faults.require(input.nodes.length > 0, 'nodes must name at least one node of the cluster').throwIfAny();
  refuseKeyPrefix(input.options?.keyPrefix, input.options?.redisOptions?.keyPrefix);
  const options = clusterOptions(input.options ?? {});
  return {
    description: `cluster ${input.nodes.map((node) => `${node.host}:${node.port}`).join(', ')}`,
    isCluster: true,
    create: () => new Cluster([...input.nodes], options),
  };
}

function copyOfCluster(client: Cluster): RedisTarget {
  refuseKeyPrefix(client.options.keyPrefix, client.options.redisOptions?.keyPrefix);
  return {
    description: 'cluster',
    isCluster: true,
    create: () => client.duplicate([], clusterOptions(client.options)),
  };
}

function clusterOptions(given: ClusterOptions): ClusterOptions {
  const redisOptions = { ...given.redisOptions, ...FORCED_NODE };
  return { ...given, ...FORCED_CLUSTER, redisOptions };
}

function refuseKeyPrefix(...prefixes: readonly unknown[]): void {
  new OptionFaults('Redis connection')
    .require(
      prefixes.every((prefix) => prefix === undefined || prefix === null || prefix === ''),
      'keyPrefix cannot be used (scripts and replies do not see it): put the prefix into the names of the streams',
    )
    .throwIfAny();
}

function describe(options: RedisOptions): string {
  if (options.sentinels) {
    const sentinels = options.sentinels.map((sentinel) => `${sentinel.host ?? 'localhost'}:${sentinel.port ?? 26_379}`);
    return `sentinel ${options.name ?? ''} (${sentinels.join(', ')})`;
  }
  if (options.path) return options.path;
  return `${options.host ?? 'localhost'}:${options.port ?? 6379}`;
}

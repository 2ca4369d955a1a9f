import { MAX_TIMER_MS, OptionFaults } from '@safesync/core';
import type { StreamSchema } from './publish/stream-schema.js';
import { DEFAULT_CONNECTION } from './queue.tokens.js';
import type { RedisInput } from './stream/redis-target.js';
import type { DeadLetterRetentionOptions, RetentionOptions } from './upkeep.options.js';

/** One Redis by name. */
export interface QueueConnectionOptions {
  /** Default `default`. Named by `forFeature([{ connection }])`. */
  readonly name?: string;
  /** `redis://` or `rediss://`. Either this or `redis`. */
  readonly url?: string;
  /** ioredis options (Sentinel's too), `{ nodes }` of a cluster, or a client of yours, which is only copied. */
  readonly redis?: RedisInput;
  /** Longest time from calling a command to its answer, in ms. Default 5 000. */
  readonly commandTimeoutMs?: number;
}

/** What `SafeSyncQueueModule.forRoot` takes. */
export interface SafeSyncQueueModuleOptions {
  /** One URL, or Redis connections by name. Default: `redis://127.0.0.1:6379`. */
  readonly connections?: string | readonly QueueConnectionOptions[];
  /** Put before every stream's name, so that applications on one Redis do not meet. Default: nothing. */
  readonly prefix?: string;
  /** What handlers in progress get to end at shutdown, in ms, before their signals abort. Default 10 000. */
  readonly drainMs?: number;
  /** False: handlers start when `ConsumerRegistry.start()` is called. Default true: at the end of the boot. */
  readonly autoStart?: boolean;
}

export interface ResolvedConnection {
  readonly name: string;
  readonly redis: RedisInput;
  readonly commandTimeoutMs: number | undefined;
}

export interface ResolvedQueueOptions {
  readonly connections: readonly ResolvedConnection[];
  readonly prefix: string;
  readonly drainMs: number;
  readonly autoStart: boolean;
}

/** One stream of `SafeSyncQueueModule.forFeature`. */
export interface QueueStreamOptions {
  /** What handlers and publishers call it. On a Redis Cluster it holds a hash tag: `{transfers}`. */
  readonly name: string;
  /** Connection of `forRoot`. Default `default`. */
  readonly connection?: string;
  /** Largest payload, as JSON in bytes, to publish; to accept, 4 KiB more for what travels beside it. Default 256 KiB. */
  readonly maxPayloadBytes?: number;
  /** How long finished messages stay. Default: a day, 100 000 entries at most. False: nothing is trimmed. */
  readonly retention?: RetentionOptions | false;
  /** How long dead letters stay. Default: 30 days, 100 000 at most. False: nothing is trimmed. */
  readonly deadLetters?: DeadLetterRetentionOptions | false;
  /**
   * Silence after which a consumer without a liveness row (of another library, or killed before its first beat) is deleted from
   * its group if nothing is pending under its name, in ms. Default 3 600 000, an hour.
   */
  readonly forgetConsumersAfterMs?: number;
  /**
   * What every published payload must be: a Standard Schema (zod, valibot, arktype) or a JSON Schema of draft 2020-12 (needs
   * ajv). What it makes of a payload is published. Default: any object.
   */
  readonly schema?: StreamSchema;
  /** How long a `dedupeKey` is known, from 1 000 ms to a year. Default 3 600 000 (an hour). */
  readonly dedupeWindowMs?: number;
}

/** Fills in the defaults and refuses what cannot work, all faults at once. */
export function resolveQueueOptions(options: SafeSyncQueueModuleOptions): ResolvedQueueOptions {
  const given = options.connections ?? 'redis://127.0.0.1:6379';
  const list: readonly QueueConnectionOptions[] = typeof given === 'string' ? [{ url: given }] : given;
  const drainMs = options.drainMs ?? 10_000;
  const names = list.map(({ name }) => name ?? DEFAULT_CONNECTION);
  new OptionFaults('SafeSyncQueueModule')
    .require(list.length > 0, 'connections must name at least one Redis')
    .require(new Set(names).size === names.length, 'connections must have different names')
    .require(list.every(isOneRedis), 'every connection needs either url or redis (is an environment variable missing?)')
    .require(typeof (options.prefix ?? '') === 'string', 'prefix must be a text')
    .integer('drainMs', drainMs, 0, MAX_TIMER_MS)
    .throwIfAny();
  return Object.freeze({
    connections: list.map(({ name, url, redis, commandTimeoutMs }) => ({
      name: name ?? DEFAULT_CONNECTION,
      redis: (redis ?? url) as RedisInput,
      commandTimeoutMs,
    })),
    prefix: options.prefix ?? '',
    drainMs,
    autoStart: options.autoStart ?? true,
  });
}

function isOneRedis({ url, redis }: QueueConnectionOptions): boolean {
  const hasUrl = typeof url === 'string' && url !== '';
  const hasRedis = redis !== undefined && redis !== null && redis !== '';
  return hasUrl !== hasRedis;
}

import type { Redis } from 'ioredis';
import type { BenchPlace, Contender, RunOrder } from '../benchmarks/benchmark.js';
import { ContenderProcess } from '../process/contender-process.js';
import { BullChannel } from './bull-channel.js';
import type { Channel } from './channel.js';
import { GROUP, StreamChannel } from './stream-channel.js';
import type { TransferSetup } from './transfer-contender.js';
import { TransferWorld } from './transfer-world.js';

/** Somebody who takes transfers from Redis into the database. */
export interface TransferContender extends Contender {
  /** Redis commands that only its scripts run: the server counts them, but no client sends them. */
  readonly insideScripts?: readonly string[];
  /** How messages reach it; default: a stream. */
  readonly channel?: TransferSetup['channel'];
}

const OUR_SCRIPTS = 'xack xpending xclaim time zadd zrangebyscore xlen xrange xtrim hexists xinfo|groups';

/** Of ours: the scripts of acknowledgement, claimer, delayed messages and upkeep. */
export const OURS: Pick<TransferContender, 'insideScripts'> = { insideScripts: OUR_SCRIPTS.split(' ') };

const BULLMQ_SCRIPTS =
  'get set del exists hget hgetall hmget hset hmset hdel hincrby llen lrem lrange rpoplpush lpush rpush ' +
  'srem scard smembers zadd zcard zrem zrange zrangebyscore zpopmin xadd xtrim';

/** Of every contender on BullMQ. It sends scripts and one blocking command, and nothing else. */
export const BULLMQ: Pick<TransferContender, 'channel' | 'insideScripts'> = {
  channel: 'bullmq',
  insideScripts: BULLMQ_SCRIPTS.split(' '),
};

export interface TransferScene<Order, Result> {
  /** Reads its stream. */
  readonly contender: ContenderProcess<Order, Result>;
  readonly world: TransferWorld;
  readonly stream: string;
}

/**
 * Lends `use` a contender in its process, with new tables and an empty stream; afterwards rejects unless every transfer
 * published had its effect exactly once and none is left. `host` is as in `ContenderProcess.lend`.
 */
export async function withTransfers<Order, Result, T>(
  run: RunOrder<TransferContender>,
  { mysqlUrl, redisUrl, keyPrefix, redis, pool }: BenchPlace,
  host: string,
  use: (scene: TransferScene<Order, Result>) => Promise<T>,
): Promise<T> {
  const stream = `${keyPrefix}transfers`;
  const { channel = 'stream', title } = run.contender;
  const { concurrency } = run.case;
  const setup: TransferSetup = { mysqlUrl, redisUrl, stream, channel, group: GROUP, concurrency };
  const world = new TransferWorld(pool, openChannel(channel, redis, stream));
  try {
    await world.reset();
    const result = await ContenderProcess.lend<Order, Result, T>(run, host, setup, (contender) =>
      use({ contender, world, stream }),
    );
    const faults = await world.faults();
    if (faults.length > 0) throw new Error(`Invalid run of ${title}: ${faults.join('; ')}.`);
    return result;
  } finally {
    await world.close();
  }
}

function openChannel(kind: TransferSetup['channel'], redis: Redis, name: string): Channel {
  return kind === 'bullmq' ? new BullChannel(redis, name) : new StreamChannel(redis, name);
}

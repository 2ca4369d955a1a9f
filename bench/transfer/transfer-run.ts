import type { Redis } from 'ioredis';
import type { BenchPlace, Contender, Run, RunOrder } from '../benchmarks/benchmark.js';
import { COSTS, costsOf, ServerMeter } from '../counters/server-meter.js';
import { ContenderProcess } from '../process/contender-process.js';
import { BullChannel } from './bull-channel.js';
import type { Channel } from './channel.js';
import type { Drained } from './drain-meter.js';
import { GROUP, StreamChannel } from './stream-channel.js';
import type { TransferSetup } from './transfer-contender.js';
import { type DrainOrder, POLLS } from './transfer-host.js';
import { TransferWorld } from './transfer-world.js';

/** Somebody who takes transfers from Redis into the database. */
export interface TransferContender extends Contender {
  /** Redis commands that only its scripts run: the server counts them, but no client sends them. */
  readonly insideScripts?: readonly string[];
  /** How messages reach it; default: a stream. */
  readonly channel?: TransferSetup['channel'];
}

const BULLMQ_SCRIPTS =
  'get set del exists hget hgetall hmget hset hmset hdel hincrby llen lrem rpoplpush lpush rpush ' +
  'srem scard zadd zcard zrem zrange zrangebyscore zpopmin xadd xtrim';

/** Of every contender on BullMQ. It sends scripts and one blocking command, and nothing else. */
export const BULLMQ: Pick<TransferContender, 'channel' | 'insideScripts'> = {
  channel: 'bullmq',
  insideScripts: BULLMQ_SCRIPTS.split(' '),
};

/** The figures of `runTransfers`. */
export const TRANSFER_FIGURES = [
  { key: 'messagesPerSecond', title: 'messages/s', digits: 0, compared: true },
  ...COSTS,
];

/**
 * Runs one contender once, and rejects unless every transfer had its effect exactly once. As many messages as are measured
 * go before them, unmeasured, until the code is compiled.
 */
export async function runTransfers(run: RunOrder<TransferContender>, place: BenchPlace): Promise<Run> {
  const { mysqlUrl, redisUrl, keyPrefix, redis, pool } = place;
  const stream = `${keyPrefix}transfers`;
  const { channel = 'stream' } = run.contender;
  const world = new TransferWorld(pool, openChannel(channel, redis, stream));
  await world.reset();
  const { concurrency } = run.case;
  const setup: TransferSetup = { mysqlUrl, redisUrl, stream, channel, group: GROUP, concurrency };
  const result = await ContenderProcess.lend<DrainOrder, Drained, Run>(
    run,
    'transfer/transfer-host.js',
    setup,
    async (contender) => {
      await drain(contender, world, run.size);
      return measure(contender, world, run, place);
    },
  );
  const faults = await world.faults();
  await world.close();
  if (faults.length > 0) throw new Error(`Invalid run of ${run.contender.title}: ${faults.join('; ')}.`);
  return result;
}

function openChannel(kind: TransferSetup['channel'], redis: Redis, name: string): Channel {
  return kind === 'bullmq' ? new BullChannel(redis, name) : new StreamChannel(redis, name);
}

type Drainer = ContenderProcess<DrainOrder, Drained>;

async function drain(contender: Drainer, world: TransferWorld, messages: number): Promise<void> {
  await world.prepare(messages);
  await contender.perform({ expect: messages }, async () => void (await world.release()));
}

async function measure(
  contender: Drainer,
  world: TransferWorld,
  { size, contender: { insideScripts, channel = 'stream' } }: RunOrder<TransferContender>,
  place: BenchPlace,
): Promise<Run> {
  await world.prepare(size);
  const meter = await ServerMeter.begin(place);
  let released = {};
  const drained = await contender.perform({ expect: size }, async () => {
    released = await world.release();
    meter.restartCpu(); // what publishing cost is not the contender's
  });
  const own = { ...released, [POLLS[channel]]: drained.polls };
  const costs = costsOf(await meter.end(), { units: size, cpuUs: drained.cpuUs, own, insideScripts });
  return { ...costs, figures: { messagesPerSecond: (size * 1_000) / drained.elapsedMs, ...costs.figures } };
}

import { Redis } from 'ioredis';
import type { Host } from '../process/contender.js';
import { type Drained, DrainMeter } from './drain-meter.js';
import type { TransferModule, TransferSetup } from './transfer-contender.js';

/** This many messages are coming. */
export interface DrainOrder {
  readonly expect: number;
}

/** The command that asks what is left. */
export const POLLS = { stream: 'xpending', bullmq: 'llen' } as const;

export const host: Host<TransferModule, TransferSetup, DrainOrder, Drained> = async (contender, setup, onProgress) => {
  const meter = drainMeter(setup, onProgress);
  await contender.start(setup, meter);
  return ({ expect }) => meter.drain(expect);
};

export function drainMeter(setup: TransferSetup, onProgress: (finished: number) => void): DrainMeter {
  const redis = new Redis(setup.redisUrl, { protocol: 2 });
  return new DrainMeter(() => unacknowledged(redis, setup), onProgress);
}

/** Asks with one command, named in `POLLS`. */
async function unacknowledged(redis: Redis, { channel, stream, group }: TransferSetup): Promise<number> {
  if (channel === 'bullmq') return redis.llen(`bull:${stream}:active`);
  const [pending] = (await redis.xpending(stream, group)) as [number];
  return pending;
}

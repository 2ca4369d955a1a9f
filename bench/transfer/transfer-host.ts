import { Redis } from 'ioredis';
import type { Host } from '../process/contender.js';
import { type Drained, DrainMeter } from './drain-meter.js';
import type { TransferModule, TransferSetup } from './transfer-contender.js';

/** This many messages are coming. */
export interface DrainOrder {
  readonly expect: number;
}

export const host: Host<TransferModule, TransferSetup, DrainOrder, Drained> = async (contender, setup, onProgress) => {
  const redis = new Redis(setup.redisUrl, { protocol: 2 });
  const meter = new DrainMeter(() => unacknowledged(redis, setup), onProgress);
  await contender.start(setup, meter);
  return ({ expect }) => meter.drain(expect);
};

async function unacknowledged(redis: Redis, { stream, group }: TransferSetup): Promise<number> {
  const [pending] = (await redis.xpending(stream, group)) as [number];
  return pending;
}

import { Redis } from 'ioredis';
import { inLanes, inRuns, MANY, type Publishing, type PublishSetup, type Work } from '../publish/publish-contender.js';
import { transfer } from '../transfer/transfer.js';

/** XADD by hand: nothing is checked but the replies. */
export async function start({ redisUrl, stream }: PublishSetup): Promise<Partial<Record<Work, Publishing>>> {
  const redis = new Redis(redisUrl, { protocol: 2 });
  await redis.ping();
  return {
    one: inLanes(1, (id) => redis.xadd(stream, '*', 'data', JSON.stringify(transfer(id)))),
    many: inRuns(MANY, async (ids) => {
      const pipeline = redis.pipeline();
      for (const id of ids) pipeline.xadd(stream, '*', 'data', JSON.stringify(transfer(id)));
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    }),
  };
}

import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { inLanes, inRuns, type Publishing, type PublishSetup, type Work } from '../publish/publish-contender.js';
import { QUEUE } from '../publish/publish-world.js';
import { transfer } from '../transfer/transfer.js';

/** Ten times our hundred: it gains by larger bulks. */
const BULK = 1_000;

/** What a team with BullMQ writes. */
export async function start({ redisUrl, stream }: PublishSetup): Promise<Partial<Record<Work, Publishing>>> {
  const queue = new Queue(QUEUE, { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }), prefix: stream });
  await queue.waitUntilReady();
  return {
    one: inLanes(1, (id) => queue.add('transfer', transfer(id))),
    many: inRuns(BULK, (ids) => queue.addBulk(ids.map((id) => ({ name: 'transfer', data: transfer(id) })))),
  };
}

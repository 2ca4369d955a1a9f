import { once } from 'node:events';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { BullChannel } from './bull-channel.js';
import { transfer } from './transfer.js';

/** What makes a run on BullMQ invalid. */
describe('verification of a queue of BullMQ', () => {
  const name = `{bench_spec_${process.pid}}`;
  let redis: Redis;
  let channel: BullChannel;

  beforeAll(() => {
    redis = new Redis(process.env.REDIS_URL as string, { protocol: 2, maxRetriesPerRequest: null });
    channel = new BullChannel(redis, name);
  });

  afterAll(async () => {
    await channel.reset();
    await channel.close();
    redis.disconnect();
  });

  beforeEach(() => channel.reset());

  /** The one job in a worker that does `work`; resolves when the worker has told Redis how it ended. */
  async function handle(ended: 'completed' | 'failed', work: () => Promise<void>): Promise<void> {
    const worker = new Worker(name, work, { connection: redis });
    await once(worker, ended);
    await worker.close();
  }

  it('finds nothing after a correct run', async () => {
    await channel.prepare([transfer(1)]);
    const handled = handle('completed', () => Promise.resolve());
    await channel.release();
    await handled;
    expect(await channel.faults()).toEqual([]);
  });

  it('finds a job that nobody took', async () => {
    await channel.prepare([transfer(1)]);
    await channel.release();
    expect(await channel.faults()).toEqual(['jobs wait: 1 instead of 0']);
  });

  it('finds a job that failed', async () => {
    await channel.prepare([transfer(1)]);
    await channel.release();
    await handle('failed', () => Promise.reject(new Error('no')));
    expect(await channel.faults()).toEqual(['jobs failed: 1 instead of 0']);
  });
});

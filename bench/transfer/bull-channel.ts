import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Calls } from '../counters/server-counters.js';
import type { Channel } from './channel.js';
import type { Transfer } from './transfer.js';

/** A queue of BullMQ. */
export class BullChannel implements Channel {
  private readonly queue: Queue;

  constructor(redis: Redis, name: string) {
    this.queue = new Queue(name, { connection: redis });
  }

  async reset(): Promise<void> {
    await this.queue.obliterate({ force: true });
  }

  /** Adding a job is many commands: they go into a queue that is paused, before anything is counted. */
  async prepare(transfers: readonly Transfer[]): Promise<void> {
    await this.queue.pause();
    await this.queue.addBulk(transfers.map((data) => ({ name: 'transfer', data })));
  }

  async release(): Promise<Calls> {
    await this.queue.resume();
    return { evalsha: 1 };
  }

  async faults(): Promise<string[]> {
    const left = await this.queue.getJobCounts('active', 'wait', 'delayed', 'failed');
    return Object.entries(left).flatMap(([state, jobs]) => (jobs === 0 ? [] : [`jobs ${state}: ${jobs} instead of 0`]));
  }

  close(): Promise<void> {
    return this.queue.close();
  }
}

import type { Redis } from 'ioredis';
import type { Calls } from '../counters/server-counters.js';
import type { Channel } from './channel.js';
import type { Transfer } from './transfer.js';

export const GROUP = 'bench';

/** A Redis stream with its group. */
export class StreamChannel implements Channel {
  private waiting: readonly Transfer[] = [];

  constructor(
    private readonly redis: Redis,
    private readonly stream: string,
  ) {}

  async reset(): Promise<void> {
    await this.redis.del(this.stream);
    await this.redis.xgroup('CREATE', this.stream, GROUP, '0', 'MKSTREAM');
  }

  async prepare(transfers: readonly Transfer[]): Promise<void> {
    this.waiting = transfers;
  }

  /** One pipelined transaction: a reader sees all of them at once, or none. */
  async release(): Promise<Calls> {
    const batch = this.redis.multi();
    for (const transfer of this.waiting) batch.xadd(this.stream, '*', 'data', JSON.stringify(transfer));
    const replies = await batch.exec();
    const failed = replies?.find(([error]) => error !== null)?.[0];
    if (!replies || failed) throw new Error('Publishing the transfers failed.', { cause: failed });
    return { xadd: this.waiting.length, multi: 1, exec: 1 };
  }

  async faults(published: number): Promise<string[]> {
    const [pending] = (await this.redis.xpending(this.stream, GROUP)) as [number];
    const read = await this.entriesRead();
    return [
      ...(pending === 0 ? [] : [`entries pending: ${pending} instead of 0`]),
      ...(read === published ? [] : [`entries read by the group: ${read} instead of ${published}`]),
    ];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async entriesRead(): Promise<number> {
    const groups = (await this.redis.xinfo('GROUPS', this.stream)) as unknown[][];
    const fields = groups[0] ?? [];
    return Number(fields[fields.indexOf('entries-read') + 1]);
  }
}

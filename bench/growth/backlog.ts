import type { Redis } from 'ioredis';
import { transfer } from '../transfer/transfer.js';

export const GROUP = 'bench';

/** Commands of one pipeline, entries of one read. */
const PAGE = 10_000;
const OTHERS = 10;
const AN_HOUR_MS = 3_600_000;

/** A stream, what waits in it, and who holds what of it. */
export class Backlog {
  private published = 0;
  /** How consumers show each other that they are alive. */
  private readonly liveness: string;

  constructor(
    private readonly redis: Redis,
    readonly stream: string,
  ) {
    this.liveness = `${stream}:alive:${GROUP}`;
  }

  async reset(): Promise<void> {
    await this.redis.unlink(this.stream, this.liveness);
    await this.redis.xgroup('CREATE', this.stream, GROUP, '0', 'MKSTREAM');
    this.published = 0;
  }

  async publish(count: number): Promise<void> {
    for (let done = 0; done < count; done += PAGE) {
      const page = this.redis.pipeline();
      for (let left = Math.min(PAGE, count - done); left > 0; left--) {
        page.xadd(this.stream, '*', 'data', JSON.stringify(transfer(++this.published)));
      }
      for (const [error] of (await page.exec()) ?? []) if (error) throw error;
    }
  }

  /** Consumers that are alive, and stay so, read `count` messages and do not end them. */
  async holdByOthers(count: number): Promise<void> {
    for (let other = 0; other < OTHERS; other++) await this.hold(`other-${other}`, Math.floor(count / OTHERS));
  }

  /** One more of them. */
  async hold(consumer: string, count: number): Promise<void> {
    for (let done = 0; done < count; done += PAGE) {
      const size = Math.min(PAGE, count - done);
      await this.redis.xreadgroup('GROUP', GROUP, consumer, 'COUNT', size, 'STREAMS', this.stream, '>');
    }
    await this.redis.zadd(this.liveness, Date.now() + AN_HOUR_MS, consumer);
  }

  /** The consumer was killed so long ago that the others take over what it holds. */
  async expire(consumer: string): Promise<void> {
    await this.redis.zadd(this.liveness, 1, consumer);
  }

  /** Messages that were read and are not pending any more. */
  async acknowledged(): Promise<number> {
    const [pending] = (await this.redis.xpending(this.stream, GROUP)) as [number];
    const groups = (await this.redis.xinfo('GROUPS', this.stream)) as unknown[][];
    const fields = groups[0] ?? [];
    return Number(fields[fields.indexOf('entries-read') + 1]) - pending;
  }
}

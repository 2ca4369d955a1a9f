import type { Redis } from 'ioredis';
import type { TransferSetup } from '../transfer/transfer-contender.js';

/** One XACK in flight; what is to be acknowledged meanwhile goes together in the next. */
export class CoalescedAcks {
  private waiting: string[] = [];
  private inFlight = false;

  constructor(
    private readonly redis: Redis,
    private readonly setup: Pick<TransferSetup, 'stream' | 'group'>,
  ) {}

  add(id: string): void {
    this.waiting.push(id);
    if (!this.inFlight) void this.flush();
  }

  private async flush(): Promise<void> {
    this.inFlight = true;
    while (this.waiting.length > 0) {
      const ids = this.waiting;
      this.waiting = [];
      await this.redis.xack(this.setup.stream, this.setup.group, ...ids);
    }
    this.inFlight = false;
  }
}

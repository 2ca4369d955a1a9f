import type { Pool } from 'mysql2/promise';
import type { Calls } from '../counters/server-counters.js';
import type { Channel } from './channel.js';
import { Ledger } from './ledger.js';
import { type Transfer, transfer } from './transfer.js';

/** Tables and channel of the transfer work: emptied before a run, checked after it. */
export class TransferWorld {
  private readonly ledger: Ledger;
  private published = 0;

  constructor(
    pool: Pool,
    private readonly channel: Channel,
  ) {
    this.ledger = new Ledger(pool);
  }

  /** New tables, full accounts, nothing published. */
  async reset(): Promise<void> {
    await this.ledger.reset();
    await this.channel.reset();
    this.published = 0;
  }

  /** Makes `count` transfers ready that nobody sees before `release`. */
  async prepare(count: number): Promise<void> {
    await this.channel.prepare(Array.from({ length: count }, () => this.next()));
  }

  /** Shows what was prepared, all at once; resolves with the Redis commands that this took. */
  release(): Promise<Calls> {
    return this.channel.release();
  }

  /** The next transfer, for a caller who publishes it. */
  next(): Transfer {
    return transfer(++this.published);
  }

  /** What is wrong after a run; empty when every message had its effect exactly once and none is left. */
  async faults(): Promise<string[]> {
    return [...(await this.ledger.faults(this.published)), ...(await this.channel.faults(this.published))];
  }

  close(): Promise<void> {
    return this.channel.close();
  }
}

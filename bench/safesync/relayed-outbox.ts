import { setTimeout as pause } from 'node:timers/promises';
import type { DbSessions } from '@safesync/db';
import type { Outbox } from '@safesync/outbox';
import { Redis } from 'ioredis';
import { type Publishing, type PublishSetup, runsOf, type Share } from '../publish/publish-contender.js';
import { transfer } from '../transfer/transfer.js';

/** Rows of one INSERT. */
const ROWS = 128;
const LOOK_EVERY_MS = 10;

/** A filled outbox that the relay empties: all of it becomes visible by one commit, which starts the clock. */
export class RelayedOutbox implements Publishing {
  private readonly redis: Redis;
  private commit: (() => Promise<void>) | undefined;

  constructor(
    private readonly setup: PublishSetup,
    private readonly sessions: DbSessions,
    private readonly outbox: Outbox,
  ) {
    this.redis = new Redis(setup.redisUrl, { protocol: 2, lazyConnect: true });
  }

  /** Writes the rows; resolves while their transaction is still open. */
  prepare(share: Share): Promise<void> {
    return new Promise((resolve, reject) => {
      const opened = new Promise<void>((open) => {
        const committed = this.sessions.run(async (session) => {
          for (const ids of runsOf(share, ROWS)) {
            const messages = ids.map((id) => ({ payload: transfer(id) }));
            await this.outbox.publishMany(session, this.setup.stream, messages);
          }
          resolve();
          await opened;
        });
        committed.catch(reject);
        this.commit = () => {
          open();
          return committed;
        };
      });
    });
  }

  async publish({ first, count }: Share, onProgress: (done: number) => void): Promise<void> {
    await this.commit?.();
    for (let done = 0; done < count; await pause(LOOK_EVERY_MS)) {
      done = (await this.redis.xlen(this.setup.stream)) - (first - 1);
      onProgress(done);
    }
    while ((await this.outbox.stats()).waiting > 0) await pause(LOOK_EVERY_MS);
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep } from '@safesync/core';
import type { DbSession, DbSessions } from '@safesync/db';
import type { RedisConnection } from '../stream/redis-connection.js';
import type { RedisInput } from '../stream/redis-target.js';
import type { QueueConfig, QueueConfigInput } from './queue-config.js';
import type { QueueMessage } from './queue-message.js';
import { type QueueOptions, RedisStreamsQueue } from './redis-streams-queue.js';

/** The work of one message, inside the transaction that commits before the message is acknowledged. */
export type QueueHandler = (message: QueueMessage, session: DbSession) => Promise<void>;

export interface RunOptions {
  readonly handler: QueueHandler;
  readonly sessions: Pick<DbSessions, 'run'>;
}

export interface RunClaimStaleOptions extends RunOptions {
  /** Default: `claimIdleMs` of the configuration. */
  readonly minIdleMs?: number;
  /** Pause between two claims, in ms; left out while claims come back full. Default 5 000. */
  readonly claimIntervalMs?: number;
  /** Messages of one claim. Default 10. */
  readonly maxClaimCount?: number;
}

/**
 * The ancestor's consumer: one message at a time, fetch -> transaction -> handler -> commit -> acknowledge, and whatever fails
 * is thrown and ends the loop. Stopping is final and acknowledges nothing: what was not finished stays pending.
 */
export class QueueConsumer {
  private readonly stopping = new AbortController();

  constructor(readonly queue: RedisStreamsQueue) {}

  /** A consumer on a queue of its own; `close` ends it. */
  static async create(
    redis: RedisInput | RedisConnection,
    config: QueueConfig | QueueConfigInput,
    options?: QueueOptions,
  ): Promise<QueueConsumer> {
    return new QueueConsumer(await RedisStreamsQueue.create(redis, config, options));
  }

  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /**
   * The next message, or `null` when none came within `blockMs` (default: the configuration's) or the consumer is stopping.
   * After `stop` it returns `null` without reading: a loop around it must watch `isStopping`.
   */
  async next(blockMs: number = this.queue.config.blockMs): Promise<QueueMessage | null> {
    if (this.isStopping) {
      // a loop that does not watch isStopping must not also starve everything else in the process
      await nextTurn();
      return null;
    }
    return (await this.queue.read(blockMs))[0] ?? null;
  }

  /** Messages one by one until `stop`; acknowledges none. */
  async *iterMessages(): AsyncGenerator<QueueMessage, void, undefined> {
    while (!this.isStopping) {
      const message = await this.next();
      if (message) yield message;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<QueueMessage, void, undefined> {
    return this.iterMessages();
  }

  /** Acknowledges a message; works after `stop` too. */
  ack(message: QueueMessage): Promise<boolean> {
    return this.queue.ack(message);
  }

  /** Ends every loop after its current message and a waiting read at once. Idempotent, final, closes nothing. */
  stop(): void {
    this.stopping.abort();
    this.queue.interrupt();
  }

  /** Handles new messages until `stop`. The first failure of a read, handler, commit or acknowledgement is thrown. */
  async run({ handler, sessions }: RunOptions): Promise<void> {
    for await (const message of this.iterMessages()) await this.handle(message, handler, sessions);
  }

  claimStale(minIdleMs: number = this.queue.config.claimIdleMs, count = 10): Promise<QueueMessage[]> {
    return this.queue.claimStale(minIdleMs, count);
  }

  /** Handles messages that other consumers left unacknowledged, until `stop`. Throws as `run` does. */
  async runClaimStale(options: RunClaimStaleOptions): Promise<void> {
    const { handler, sessions, minIdleMs, claimIntervalMs = 5_000, maxClaimCount = 10 } = options;
    while (!this.isStopping) {
      const messages = await this.claimStale(minIdleMs, maxClaimCount);
      for (const message of messages) {
        if (this.isStopping) return;
        await this.handle(message, handler, sessions);
      }
      const isFull = messages.length > 0 && messages.length >= maxClaimCount;
      if (!isFull) await sleep(claimIntervalMs, this.stopping.signal);
    }
  }

  /** Stops, and ends what `create` opened. */
  close(): void {
    this.stop();
    this.queue.close();
  }

  private async handle(message: QueueMessage, handler: QueueHandler, sessions: Pick<DbSessions, 'run'>): Promise<void> {
    await sessions.run((session) => handler(message, session));
    await this.queue.ack(message);
  }
}

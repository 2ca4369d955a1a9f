import { type BackgroundLogger, BackgroundLoop, ConditionLog, Wakeup } from '@safesync/core';
import { QueueError, RedisReplyError } from '../queue.errors.js';
import { moveDelayed } from '../stream/delayed.js';
import type { RedisConnection } from '../stream/redis-connection.js';

export interface DelayedMoverOptions {
  /** Told what keeps delayed messages from being moved. Default: nobody is. */
  readonly logger?: BackgroundLogger;
}

/** Messages of one call: bounds the time that it holds the server. */
const BATCH = 50;
/** Longest pause while messages wait: what another process has put in front of them is late by this at most. */
const WATCH_MS = 1_000;
/** Pause while none waits. */
const IDLE_MS = 5_000;

interface WatchedStream {
  readonly key: string;
  readonly condition: ConditionLog;
  /** When to look next, by `performance.now()`. */
  looksAt: number;
  /** Redis has refused to move for this user: it is left to others. */
  isForbidden: boolean;
}

/**
 * Appends delayed messages to their streams when they are due. Any number of movers may look after one stream. While messages
 * wait it looks when the next one is due, at least once a second; else every five seconds, and only while the application
 * has a connection anyway: it opens none, and its timers do not keep a process alive.
 */
export class DelayedMover {
  private readonly loop: BackgroundLoop;
  private readonly logger: BackgroundLogger;
  private readonly watched: readonly WatchedStream[];
  private readonly wakeup = new Wakeup();

  /** @param streams their names in Redis, all on this connection */
  constructor(
    private readonly connection: RedisConnection,
    streams: readonly string[],
    options: DelayedMoverOptions = {},
  ) {
    this.logger = options.logger ?? SILENT;
    this.watched = streams.map((key) => ({
      key,
      condition: new ConditionLog(this.logger, `Delayed messages of stream "${key}"`),
      looksAt: performance.now(),
      isForbidden: false,
    }));
    this.loop = new BackgroundLoop({
      name: 'delayed messages',
      turn: (signal) => this.turn(signal),
      onError: () => undefined,
    });
  }

  start(): void {
    this.loop.start();
  }

  /** Resolves when the call in progress has ended. What is not due yet waits in Redis for any other mover. */
  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** A message that will be due in `ms` was published here: no need to find out. */
  expect(stream: string, ms: number): void {
    const found = this.watched.find(({ key }) => key === stream);
    if (found === undefined || found.isForbidden) return;
    const looksAt = performance.now() + Math.min(ms, WATCH_MS);
    if (found.looksAt <= looksAt) return;
    found.looksAt = looksAt;
    this.wakeup.notify();
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const due = this.watched.filter(({ looksAt }) => looksAt <= now);
    await Promise.all(due.map((stream) => this.look(stream)));
    await this.rest(signal);
  }

  private async look(stream: WatchedStream): Promise<void> {
    // a call to `expect` meanwhile may only bring it forward
    stream.looksAt = Number.POSITIVE_INFINITY;
    const pauseMs = await this.move(stream);
    stream.looksAt = Math.min(stream.looksAt, performance.now() + pauseMs);
  }

  /** Moves what is due; how long to wait before the next look. */
  private async move(stream: WatchedStream): Promise<number> {
    const { key, condition } = stream;
    if (!this.connection.isReady) return WATCH_MS;
    try {
      const { nextInMs } = await moveDelayed(this.connection, key, BATCH);
      condition.ended('are moved again');
      return nextInMs === undefined ? IDLE_MS : Math.min(nextInMs, WATCH_MS);
    } catch (error) {
      return this.failed(error, stream);
    }
  }

  private failed(error: unknown, stream: WatchedStream): number {
    const { key, condition } = stream;
    const reason = error instanceof QueueError ? error.message : String(error);
    if (error instanceof RedisReplyError && error.replyCode === 'NOPERM') {
      stream.isForbidden = true;
      this.logger.log(
        `Delayed messages of stream "${key}" are left to processes with the right to move them (${reason})`,
      );
      return Number.POSITIVE_INFINITY;
    }
    // a connection that is down is told by whoever keeps it
    if (error instanceof RedisReplyError) condition.began(reason, 'cannot be moved, repeating');
    return WATCH_MS;
  }

  private rest(signal: AbortSignal): Promise<void> {
    const ms = Math.min(...this.watched.map(({ looksAt }) => looksAt)) - performance.now();
    return ms <= 0 ? Promise.resolve() : this.wakeup.sleep(Math.min(ms, IDLE_MS), signal, { isIdle: true });
  }
}

const SILENT: BackgroundLogger = { log: () => undefined, warn: () => undefined, error: () => undefined };

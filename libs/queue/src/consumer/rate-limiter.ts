import { type BackgroundLogger, type BackoffOptions, ConditionLog, equalJitter, sleep, Wakeup } from '@safesync/core';
import { describeError } from '../delivery/error-summary.js';
import type { RateLimitOptions } from '../handler/rate-limit.options.js';
import type { RedisStream } from '../stream/redis-stream.js';

export interface RateLimiterParts {
  readonly stream: Pick<RedisStream, 'stream' | 'group' | 'takePermits'>;
  readonly limit: RateLimitOptions;
  readonly logger: BackgroundLogger;
  /** Aborts when nothing more may be started. */
  readonly stopping: AbortSignal;
}

const BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };

/** Permits are asked for in groups rather than one by one as they come up; a bucket must not run over meanwhile. */
const LONGEST_PAUSE_MS = 20;

/**
 * Lets messages start only with a permit of a bucket in Redis that the whole group shares. Permits are taken when a message is
 * about to start and never kept, so that no process has a store of them; those who wait are asked for together.
 */
export class RateLimiter {
  private readonly waiting = new Map<object, (isPermitted: boolean) => void>();
  private isAsking = false;
  private readonly wakeup = new Wakeup();
  private readonly condition: ConditionLog;
  /** Permits in the bucket as far as known, at that moment on the clock of `performance.now()`. */
  private known: { readonly left: number; readonly at: number };

  constructor(private readonly parts: RateLimiterParts) {
    const { stream, limit, logger, stopping } = parts;
    this.known = { left: limit.messages, at: performance.now() };
    this.condition = new ConditionLog(logger, `Rate limit of stream "${stream.stream}", group "${stream.group}"`);
    stopping.addEventListener('abort', () => this.dismiss(), { once: true });
  }

  /** Resolves with true when `message` may start now, with false when it was withdrawn, or nothing may start any more. */
  pass(message: object): Promise<boolean> {
    if (this.parts.stopping.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.waiting.set(message, resolve);
      if (!this.isAsking) void this.ask();
    });
  }

  /** No permit is taken for `message` any more, if it waits for one. */
  withdraw(message: object): void {
    this.waiting.get(message)?.(false);
    if (this.waiting.delete(message) && this.waiting.size === 0) this.wakeup.notify();
  }

  /** How many messages should be fetched: none while others wait here, else as many permits as there should be. */
  get fetchable(): number {
    return this.waiting.size > 0 ? 0 : Math.floor(this.estimate());
  }

  /** Resolves when something may be fetched, or when `signal` aborts. */
  async whenFetchable(signal: AbortSignal): Promise<void> {
    while (this.fetchable < 1 && !signal.aborted) {
      await this.wakeup.until(() => this.waiting.size === 0, signal);
      const missing = 1 - this.estimate();
      if (missing > 0) await sleep(Math.ceil((missing * this.perMs) / this.messages), signal);
    }
  }

  private get messages(): number {
    return this.parts.limit.messages;
  }

  private get perMs(): number {
    return this.parts.limit.perMs;
  }

  private estimate(): number {
    const { left, at } = this.known;
    return Math.min(this.messages, left + ((performance.now() - at) * this.messages) / this.perMs);
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    const { stopping } = this.parts;
    // whoever comes in the same turn is asked for as well
    await Promise.resolve();
    for (let failures = 0; this.waiting.size > 0 && !stopping.aborted; ) {
      try {
        await this.askOnce();
        failures = 0;
      } catch (error) {
        failures += 1;
        this.condition.began(describeError(error), 'messages wait, since nobody knows whether they may start');
        await sleep(equalJitter(BACKOFF, failures), stopping);
      }
    }
    this.isAsking = false;
    this.wakeup.notify();
  }

  private async askOnce(): Promise<void> {
    const { stream, limit, stopping } = this.parts;
    const { taken, left, nextInMs } = await stream.takePermits(this.waiting.size, limit);
    this.condition.ended('messages start again');
    const untilNext = (nextInMs * this.messages) / this.perMs;
    this.known = { left: left > 0 ? left : Math.max(0, 1 - untilNext), at: performance.now() };
    this.settle(taken, true);
    if (this.waiting.size > 0) await sleep(Math.max(nextInMs, Math.min(LONGEST_PAUSE_MS, this.perMs / 2)), stopping);
  }

  private dismiss(): void {
    this.settle(this.waiting.size, false);
    this.wakeup.notify();
  }

  /** Those who have waited longest first. */
  private settle(count: number, isPermitted: boolean): void {
    for (const [message, settle] of [...this.waiting].slice(0, count)) {
      this.waiting.delete(message);
      settle(isPermitted);
    }
  }
}

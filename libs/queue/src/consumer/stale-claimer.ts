import {
  type BackgroundLogger,
  BackgroundLoop,
  ConditionLog,
  isSafeSyncError,
  type MetricsRecorder,
  sleep,
} from '@safesync/core';
import { describeError } from '../delivery/error-summary.js';
import { MESSAGES_CLAIMED } from '../queue.metrics.js';
import type { ClaimOptions, ClaimResult, SweepOptions } from '../stream/claim.js';
import type { RedisStream } from '../stream/redis-stream.js';

export interface StaleClaimerParts {
  readonly stream: RedisStream;
  readonly claimIdleMs: number;
  readonly claimIntervalMs: number;
  readonly livenessMs: number;
  /** Deliveries without an end that make an entry a suspect; 0: nothing is ever one. */
  readonly suspectAfter: number;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
  /** How many entries can be taken now. */
  readonly capacity: () => number;
  /** Resolves when there may be capacity again, or when the signal aborts. */
  readonly capacityChanged: (signal: AbortSignal) => Promise<void>;
  readonly heldIds: () => readonly string[];
  /** This consumer showed itself alive by a call sent then. */
  readonly onAlive: (sentAt: number) => void;
  /** Asked before every turn; what it returns is told whether the group is paused. */
  readonly lookForPause: () => (isPaused: boolean) => void;
  readonly take: (result: ClaimResult) => void;
  /** Suspects wait: have the slots alone, claim one, run it, and again until none is left. */
  readonly runSuspects: (claim: (take: (result: ClaimResult) => void) => Promise<void>) => void;
  /** Keeps own pending entries from being read while a claim, which makes some, has not been taken yet. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
  /** Entries may have been claimed by a call without an answer: they are pending under the own name. */
  readonly onStray: () => void;
}

type TurnOptions = Pick<ClaimOptions, 'count' | 'alone'> & { readonly sweep?: SweepOptions };

/** Sweeps of entries that are idle for long run this often per `claimIdleMs`. */
const SWEEPS_PER_IDLE = 6;

/**
 * Recovers entries that nobody works on. Each turn, in one command, shows this consumer alive and claims entries of consumers
 * that stopped doing so; now and then it also sweeps for entries of anybody that are idle for longer than `claimIdleMs`. Takes
 * the next turn without waiting while there is more to claim.
 */
export class StaleClaimer {
  private readonly loop: BackgroundLoop;
  private readonly condition: ConditionLog;
  private cursor = '-';
  private sweptAt = 0;

  constructor(private readonly parts: StaleClaimerParts) {
    const { stream, logger } = parts;
    const name = `Stale messages of stream "${stream.stream}", group "${stream.group}"`;
    this.condition = new ConditionLog(logger, name);
    this.loop = new BackgroundLoop({
      name,
      turn: (signal) => this.turn(signal),
      onError: (error) => this.onError(error),
    });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const { take, runSuspects, capacity } = this.parts;
    const count = capacity();
    const sweep = this.dueSweep();
    const result = await this.claim({ count, ...(sweep ? { sweep } : {}) }, take);
    if (sweep && count > 0 && !result.isPaused) this.swept(result.cursor);
    this.condition.ended('are claimed again');
    if (count > 0 && result.suspectsLeft > 0) runSuspects((takeSuspect) => this.claimSuspect(takeSuspect));
    await this.rest(result.more && (count === 0 || result.entries.length > 0 || result.cursor !== '-'), signal);
  }

  private claim(options: TurnOptions, take: (result: ClaimResult) => void): Promise<ClaimResult> {
    const { stream, livenessMs, suspectAfter, metrics, onAlive, lookForPause, undisturbed } = this.parts;
    return undisturbed(async () => {
      const sentAt = performance.now();
      const notePaused = lookForPause();
      const result = await stream.claimStale({ livenessMs, suspectAfter, ...options });
      if (result.isAlive) onAlive(sentAt);
      notePaused(result.isPaused);
      if (result.entries.length > 0) metrics.add(MESSAGES_CLAIMED, { stream: stream.stream }, result.entries.length);
      take(result);
      return result;
    });
  }

  private async claimSuspect(take: (result: ClaimResult) => void): Promise<void> {
    try {
      await this.claim({ count: 1, alone: true, sweep: this.sweepFrom('-') }, take);
    } catch (error) {
      this.onError(error);
    }
  }

  /** A sweep that was begun goes on; a new one is due every sixth of `claimIdleMs`. */
  private dueSweep(): SweepOptions | undefined {
    const periodMs = this.parts.claimIdleMs / SWEEPS_PER_IDLE;
    const isDue = this.cursor !== '-' || performance.now() - this.sweptAt >= periodMs;
    return isDue ? this.sweepFrom(this.cursor) : undefined;
  }

  private sweepFrom(cursor: string): SweepOptions {
    return { idleMs: this.parts.claimIdleMs, cursor, inFlight: this.parts.heldIds() };
  }

  private swept(cursor: string): void {
    this.cursor = cursor;
    this.sweptAt = performance.now();
  }

  /** Until the next turn: the interval, or sooner when more can be claimed at once and there is room for it. */
  private async rest(isMore: boolean, signal: AbortSignal): Promise<void> {
    const { claimIntervalMs, capacityChanged } = this.parts;
    if (!isMore) return sleep(claimIntervalMs, signal);
    const over = new AbortController();
    const isOver = sleep(claimIntervalMs, signal).then(() => over.abort());
    await Promise.race([capacityChanged(over.signal), isOver]);
  }

  private onError(error: unknown): void {
    // a vanished group is reported and healed by whoever reads
    if (isSafeSyncError(error, 'GROUP_MISSING')) return;
    if (isSafeSyncError(error, 'REDIS_CONNECTION_LOST')) this.parts.onStray();
    this.condition.began(describeError(error), 'cannot be claimed, repeating');
  }
}

import {
  type BackgroundLogger,
  type BackoffOptions,
  ConditionLog,
  equalJitter,
  isSafeSyncError,
  type MetricsRecorder,
  sleep,
} from '@safesync/core';
import type { AckBatch } from '../delivery/ack-batch.js';
import type { DatabaseGate } from '../delivery/database-gate.js';
import { type DeadLetter, firstSeenAtOf, rawContentOf } from '../delivery/dead-letter.js';
import type { DecisionActions } from '../delivery/delivery-decision.js';
import type { DeadLetterCause } from '../delivery/delivery-policy.js';
import { describeError, describeSummary } from '../delivery/error-summary.js';
import type { HeldEntry } from '../delivery/held-entry.js';
import type { LeaseKeeper } from '../delivery/lease-keeper.js';
import { DEAD_LETTERS, LEASES_LOST } from '../queue.metrics.js';
import type { RedisStream } from '../stream/redis-stream.js';
import type { HeldEntries } from './held-entries.js';
import type { RetrySchedule } from './retry-schedule.js';

export interface DeliveryActionsParts {
  readonly stream: RedisStream;
  readonly held: HeldEntries;
  readonly acks: Pick<AckBatch, 'add'>;
  readonly retries: Pick<RetrySchedule, 'add'>;
  readonly leases: Pick<LeaseKeeper, 'renew'>;
  readonly gate: Pick<DatabaseGate, 'opened'>;
  readonly retry: BackoffOptions;
  /** How long a retry waits for a handler that ignores its signal. */
  readonly patienceMs: number;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
  /** Aborts when the consumer stops: what waits then is given back by whoever stops it. */
  readonly signal: AbortSignal;
  /** Starts an entry that may run again. */
  readonly start: (held: HeldEntry) => void;
}

const RENEW_BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };

/** With so many unwritten dead letters slots are kept, so that no more messages are read than memory holds. */
const MAX_UNWRITTEN = 1_000;

/** What becomes of entries whose delivery did not end in a commit, done with Redis and the consumer's own parts. */
export class DeliveryActions implements DecisionActions {
  /** What this consumer left to the others when it stopped. */
  readonly givenBack = new Set<HeldEntry>();
  /** Dead letters that Redis did not take yet. */
  private unwritten = 0;
  private readonly deadLetterCondition: ConditionLog;

  constructor(private readonly parts: DeliveryActionsParts) {
    const { stream, logger } = parts;
    this.deadLetterCondition = new ConditionLog(
      logger,
      `Dead letters of stream "${stream.stream}", group "${stream.group}"`,
    );
  }

  acknowledge(held: HeldEntry): void {
    this.log(held, 'dropped, as its handler asked');
    this.parts.acks.add(held);
  }

  retryAfter(held: HeldEntry, afterMs: number): void {
    const where = held.attempt === 1 ? framesBelow(held) : '';
    this.log(held, `failed (${lastError(held)}); delivered again in ${afterMs} ms`, where);
    // it came to an end in a living process
    held.isSuspect = false;
    // its next delivery brings it again
    this.parts.held.dropContent(held);
    const leaving = held.whenLeft();
    if (leaving === undefined) this.parts.retries.add(held, afterMs);
    else void this.retryWhenLeft(held, leaving, afterMs);
  }

  /** Once decided it stays decided: when the write is refused only the write is repeated, never the handler. */
  async deadLetter(held: HeldEntry, cause: DeadLetterCause, reason: string): Promise<void> {
    const letter = JSON.stringify(this.letterOf(held, reason));
    if (await this.writeLetter(held, cause, letter)) return;
    held.state = 'waiting';
    this.unwritten += 1;
    const repeated = this.repeatLetter(held, cause, letter).finally(() => {
      this.unwritten -= 1;
    });
    // else it waits without its slot, so that one bad message does not hold up the good ones
    if (this.unwritten >= MAX_UNWRITTEN) await repeated;
  }

  awaitDatabase(held: HeldEntry): void {
    void this.startUncounted(held, held.whenLeft());
  }

  async giveBack(held: HeldEntry): Promise<void> {
    this.parts.held.release(held);
    this.givenBack.add(held);
    try {
      await this.parts.stream.giveBack([held]);
    } catch (error) {
      this.log(held, `could not be given back (${describeError(error)}); another consumer claims it later`);
    }
  }

  letGo(held: HeldEntry): void {
    const { stream, metrics, held: all } = this.parts;
    all.release(held);
    this.log(held, 'is not held any more: another consumer claimed it, or it was acknowledged or deleted');
    metrics.add(LEASES_LOST, { stream: stream.stream, group: stream.group });
  }

  /**
   * A handler that ignores its signal outlives its delivery. Its next run begins when this one has ended, or after `claimIdleMs`: one that
   * never ends must not keep its message for ever.
   */
  private async retryWhenLeft(held: HeldEntry, leaving: Promise<void>, afterMs: number): Promise<void> {
    if (await this.left(held, leaving)) this.parts.retries.add(held, afterMs);
  }

  /** True when it is still held, and nothing stops. */
  private async left(held: HeldEntry, leaving: Promise<void>): Promise<boolean> {
    const { signal, patienceMs } = this.parts;
    // not to be given back meanwhile either
    held.state = 'waiting';
    this.log(held, 'ignores its signal and runs on; its next run waits for its end');
    await Promise.race([leaving, sleep(patienceMs, signal)]);
    return !signal.aborted && this.parts.held.get(held.id) === held;
  }

  private async startUncounted(held: HeldEntry, leaving: Promise<void> | undefined): Promise<void> {
    const { gate, signal, leases, start } = this.parts;
    if (leaving && !(await this.left(held, leaving))) return;
    held.state = 'paused';
    await gate.opened(signal);
    const isHeld = (): boolean => this.parts.held.get(held.id) === held;
    for (let attempt = 1; !signal.aborted && isHeld(); attempt++) {
      try {
        const isMine = await leases.renew(held);
        return isMine ? start(held) : this.letGo(held);
      } catch {
        // Redis is away as well, which the loops say
        await sleep(equalJitter(RENEW_BACKOFF, attempt), signal);
      }
    }
  }

  /** Until it is written, is not ours any more, or the consumer stops; meanwhile the entry stays pending and is renewed. */
  private async repeatLetter(held: HeldEntry, cause: DeadLetterCause, letter: string): Promise<void> {
    const { retry, signal } = this.parts;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await sleep(equalJitter(retry, attempt), signal);
      if (signal.aborted || this.parts.held.get(held.id) !== held) return;
      if (await this.writeLetter(held, cause, letter)) return;
    }
  }

  /** False when Redis did not take it: then it has to be repeated. */
  private async writeLetter(held: HeldEntry, cause: DeadLetterCause, letter: string): Promise<boolean> {
    const { stream, metrics, held: all } = this.parts;
    try {
      const outcome = await stream.deadLetter(held, letter);
      this.deadLetterCondition.ended('are written again');
      // not pending after an answer that was lost: that call has moved it
      const isMoved = outcome === 'done' || (outcome === 'notPending' && held.isAckUncertain);
      if (isMoved) {
        metrics.add(DEAD_LETTERS, { stream: stream.stream, group: stream.group, cause });
        this.log(held, `moved to the dead letters: ${cause} (${lastError(held)})`, framesBelow(held));
        all.release(held);
      } else this.letGo(held);
      return true;
    } catch (error) {
      if (isSafeSyncError(error, 'REDIS_CONNECTION_LOST')) held.isAckUncertain = true;
      const consequence = 'cannot be written, the messages stay pending and the write is repeated';
      this.deadLetterCondition.began(describeError(error), consequence);
      return false;
    }
  }

  private letterOf(held: HeldEntry, reason: string): DeadLetter {
    const { stream, group, consumer } = this.parts.stream;
    const firstSeenAt = firstSeenAtOf(held.id);
    return {
      stream,
      group,
      entryId: held.id,
      consumer,
      reason,
      error: held.history.at(-1)?.error ?? { name: 'Error', message: '' },
      deliveries: held.deliveryCount,
      history: held.history,
      ...(firstSeenAt === undefined ? {} : { firstSeenAt }),
      deadAt: new Date().toISOString(),
      ...rawContentOf(held.entry),
    };
  }

  private log(held: HeldEntry, what: string, below = ''): void {
    const { stream, logger } = this.parts;
    logger.warn(
      `Entry ${held.id} of stream "${stream.stream}", group "${stream.group}" (delivery ${held.deliveryCount}) ${what}.${below}`,
    );
  }
}

function framesBelow({ frames }: HeldEntry): string {
  return frames === '' ? '' : `\n${frames}`;
}

function lastError(held: HeldEntry): string {
  const error = held.history.at(-1)?.error;
  return error ? describeSummary(error) : 'no error';
}

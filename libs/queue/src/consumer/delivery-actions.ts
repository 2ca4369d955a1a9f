import { type BackoffOptions, equalJitter, type MetricsRecorder, sleep } from '@safesync/core';
import { ConditionLog, type DeliveryLogger } from '../condition-log.js';
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
  readonly metrics: MetricsRecorder;
  readonly logger: DeliveryLogger;
  /** Aborts when the consumer stops: what waits then is given back by whoever stops it. */
  readonly signal: AbortSignal;
  /** Starts an entry that may run again. */
  readonly start: (held: HeldEntry) => void;
}

const RENEW_BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };

/** What becomes of entries whose delivery did not end in a commit, done with Redis and the consumer's own parts. */
export class DeliveryActions implements DecisionActions {
  /** Entries given back so far. */
  givenBack = 0;
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
    this.parts.retries.add(held, afterMs);
  }

  async deadLetter(held: HeldEntry, cause: DeadLetterCause, reason: string): Promise<void> {
    const { stream, metrics, held: all, retries, retry } = this.parts;
    try {
      const outcome = await stream.deadLetter(held, JSON.stringify(this.letterOf(held, reason)));
      this.deadLetterCondition.ended('are written again');
      if (outcome !== 'done') return this.letGo(held);
      metrics.add(DEAD_LETTERS, { stream: stream.stream, group: stream.group, cause });
      this.log(held, `moved to the dead letters: ${cause} (${lastError(held)})`, framesBelow(held));
      all.release(held);
    } catch (error) {
      // it stays pending and is tried again; if the answer alone was lost, it is not pending any more and dropped then
      this.deadLetterCondition.began(
        describeError(error),
        'cannot be written, the messages stay pending and are tried again',
      );
      retries.add(held, retry.maxMs);
    }
  }

  awaitDatabase(held: HeldEntry): void {
    held.state = 'paused';
    void this.startUncounted(held);
  }

  async giveBack(held: HeldEntry): Promise<void> {
    this.parts.held.release(held);
    this.givenBack += 1;
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

  private async startUncounted(held: HeldEntry): Promise<void> {
    const { gate, signal, leases, start } = this.parts;
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

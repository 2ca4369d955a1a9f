import {
  type BackgroundLogger,
  type BackoffOptions,
  ConditionLog,
  equalJitter,
  isSafeSyncError,
  sleep,
} from '@safesync/core';
import type { FencedOutcome, RedisStream } from '../stream/redis-stream.js';
import { describeError } from './error-summary.js';
import type { HeldEntry } from './held-entry.js';

export interface AckAnswer {
  readonly held: HeldEntry;
  readonly outcome: FencedOutcome;
}

const BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };

/**
 * Acknowledges committed entries. What is added while one call is in flight leaves together with the next; the first leaves
 * when the turn of the event loop ends, so nothing ever waits for a timer. A call that fails is repeated until Redis answers or the batch is stopped: the work
 * is durable, only the acknowledgement is missing.
 */
export class AckBatch {
  private queued: HeldEntry[] = [];
  private sending: Promise<void> | undefined;
  private stopping = new AbortController();
  private readonly condition: ConditionLog;

  constructor(
    private readonly stream: Pick<RedisStream, 'ack'>,
    /** Told what Redis said about each entry of a call; `done` also when an earlier call without an answer had done it. */
    private readonly onAnswers: (answers: readonly AckAnswer[]) => void,
    logger: BackgroundLogger,
    subject: string,
  ) {
    this.condition = new ConditionLog(logger, subject);
  }

  /** Entries whose acknowledgement has not been answered. */
  get size(): number {
    return this.queued.length + this.inFlight;
  }
  private inFlight = 0;

  add(held: HeldEntry): void {
    held.state = 'committed';
    this.queued.push(held);
    this.sending ??= this.sendAll();
  }

  /** Resolves when all is answered, or when `signal` aborts; from then on nothing is repeated. */
  async flush(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.stopping.abort();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    await this.sending;
    signal.removeEventListener('abort', stop);
  }

  private async sendAll(): Promise<void> {
    for (let failures = 0; this.queued.length > 0 && !this.stopping.signal.aborted; ) {
      // several handlers may end with one reading of the sockets
      await new Promise(setImmediate);
      const failure = await this.sendOnce();
      if (failure === undefined) {
        failures = 0;
        continue;
      }
      failures += 1;
      this.condition.began(describeError(failure), 'committed messages cannot be acknowledged yet, repeating');
      await sleep(equalJitter(BACKOFF, failures), this.stopping.signal);
    }
    this.sending = undefined;
  }

  private async sendOnce(): Promise<unknown> {
    const batch = this.queued;
    this.queued = [];
    this.inFlight = batch.length;
    try {
      const outcomes = await this.stream.ack(batch);
      this.condition.ended('committed messages are acknowledged again');
      this.onAnswers(batch.map((held, index) => answerFor(held, outcomes[index] ?? 'notPending')));
      return undefined;
    } catch (error) {
      // anything else was never sent, or refused: then "not pending" later is news
      if (isSafeSyncError(error, 'REDIS_CONNECTION_LOST')) for (const held of batch) held.isAckUncertain = true;
      this.queued = [...batch, ...this.queued];
      return error ?? new Error('unknown');
    } finally {
      this.inFlight = 0;
    }
  }
}

function answerFor(held: HeldEntry, outcome: FencedOutcome): AckAnswer {
  return { held, outcome: outcome === 'notPending' && held.isAckUncertain ? 'done' : outcome };
}

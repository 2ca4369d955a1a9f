import {
  type BackgroundLogger,
  BackgroundLoop,
  type BackoffOptions,
  ConditionLog,
  equalJitter,
  isSafeSyncError,
  type MetricsRecorder,
  sleep,
  Wakeup,
} from '@safesync/core';
import { describeError } from '../delivery/error-summary.js';
import { GROUPS_RECREATED, MESSAGES_READ, READ_LATENCY } from '../queue.metrics.js';
import type { OwnPending, RedisStream } from '../stream/redis-stream.js';
import type { StreamEntry } from '../stream/stream-entry.js';

/** What is read: a group's share of a stream. */
export interface EntrySource
  extends Pick<
    RedisStream,
    'stream' | 'group' | 'epoch' | 'ensureGroup' | 'isPaused' | 'interrupt' | 'readOwnPending'
  > {
  readNew(count: number, blockMs: number): Promise<readonly StreamEntry[]>;
}

export interface StreamConsumerParts {
  readonly stream: EntrySource;
  readonly blockMs: number;
  /** Where a group begins that does not exist at the start. */
  readonly groupStart: string;
  /** Asked before the first read looks whether the group is paused; what it returns is told the answer. */
  readonly lookForPause: () => (isPaused: boolean) => void;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
  /** Resolves with how many entries are wanted now, or with 0 when the signal aborts. */
  readonly demand: (signal: AbortSignal) => Promise<number>;
  /** Ids that are held already. */
  readonly heldIds: () => readonly string[];
  /** Takes over entries delivered now. */
  readonly take: (entries: readonly StreamEntry[]) => void;
  /** Takes over entries that were pending under this consumer's name; resolves when the next may be asked for. */
  readonly takeBack: (pending: OwnPending) => Promise<void>;
  /** Keeps claims, which make entries pending under the own name, from happening meanwhile. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Whatever `groupStart` is: a group that vanished had seen nobody knows what, and nothing published since may be passed over. */
const HEAL_START = '0';

const RECREATE_BACKOFF: BackoffOptions = { baseMs: 50, maxMs: 2_000 };

/**
 * Reads a stream for its group: what is pending under the own name first, at the start and whenever entries may have been
 * delivered to a lost socket, then new entries. Heals a vanished group. Never ends on an error.
 */
export class StreamConsumer {
  private readonly loop: BackgroundLoop;
  private readonly condition: ConditionLog;
  private drainedEpoch: number | undefined;
  private drainsWanted = 1;
  private drainsDone = 0;
  private strays = 0;
  private straysDone = 0;
  private isPrepared = false;
  private readonly preparation = new Wakeup();
  private recreations = 0;

  constructor(private readonly parts: StreamConsumerParts) {
    const { stream, logger } = parts;
    const name = `Stream "${stream.stream}", group "${stream.group}"`;
    this.condition = new ConditionLog(logger, name);
    this.loop = new BackgroundLoop({
      name,
      turn: (signal) => this.turn(signal),
      onError: (error) => this.onError(error),
    });
  }

  /** Milliseconds since the loop last came round: what a liveness probe should watch. */
  get sinceLastTurnMs(): number {
    return this.loop.sinceLastTurnMs;
  }

  start(): void {
    this.loop.start();
  }

  /** Resolves with true when the group exists for the first time, or with false when `signal` aborts before. */
  async prepared(signal: AbortSignal): Promise<boolean> {
    await this.preparation.until(() => this.isPrepared, signal);
    return this.isPrepared;
  }

  /** Ends the read in progress at once. Resolves when nothing more will be taken. */
  async stop(): Promise<void> {
    const stopped = this.loop.stop();
    this.parts.stream.interrupt();
    await stopped;
  }

  /** Has the own pending entries read again before the next new one. */
  requestDrain(): void {
    this.drainsWanted += 1;
  }

  /** `requestDrain`, where an entry is not held any more that has run: whatever comes back counts. */
  requestStrays(): void {
    this.strays += 1;
    this.requestDrain();
  }

  private get isDrained(): boolean {
    return this.drainsDone === this.drainsWanted && this.drainedEpoch === this.parts.stream.epoch;
  }

  /** Whatever is pending and not held went to a socket that was lost, or was given back: what this process got, it holds. */
  private get isLost(): boolean {
    return this.drainedEpoch !== undefined && this.strays === this.straysDone;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    try {
      await this.prepare();
      // a drain that is asked for during another may concern what that one has passed
      while (!this.isDrained && !signal.aborted) await this.readPending(signal);
      await this.readNew(signal);
      this.recreations = 0;
      this.condition.ended('reads again');
    } catch (error) {
      if (!isSafeSyncError(error, 'GROUP_MISSING')) throw error;
      await this.recreateGroup(signal);
    }
  }

  private async prepare(): Promise<void> {
    if (this.isPrepared) return;
    const { stream, groupStart, lookForPause } = this.parts;
    await stream.ensureGroup(groupStart);
    const notePaused = lookForPause();
    notePaused(await stream.isPaused());
    this.isPrepared = true;
    this.preparation.notify();
  }

  private async readPending(signal: AbortSignal): Promise<void> {
    const { stream, demand, heldIds, takeBack, undisturbed } = this.parts;
    const { epoch } = stream;
    const { drainsWanted, strays } = this;
    // one at a time after a start: reading counts a delivery, and what killed the last process may be among them
    const isFirst = this.drainsDone !== drainsWanted;
    for (let after: string | undefined = '0-0'; after !== undefined; ) {
      const wanted = await demand(signal);
      if (signal.aborted) return;
      let taken: Promise<void> | undefined;
      after = await undisturbed(async () => {
        const pending = await stream.readOwnPending(after as string, isFirst ? 1 : wanted, heldIds(), this.isLost);
        taken = takeBack(pending);
        return pending.last;
      });
      await taken;
    }
    this.drainedEpoch = epoch;
    this.drainsDone = drainsWanted;
    this.straysDone = strays;
  }

  private async readNew(signal: AbortSignal): Promise<void> {
    const { stream, blockMs, metrics, demand, take } = this.parts;
    const wanted = await demand(signal);
    // a drain that was asked for meanwhile must not wait for something new
    if (signal.aborted || !this.isDrained) return;
    const startedAt = performance.now();
    const entries = await stream.readNew(wanted, blockMs);
    metrics.add(MESSAGES_READ, { stream: stream.stream }, entries.length);
    if (entries.length === 0) return;
    metrics.observe(READ_LATENCY, { stream: stream.stream }, (performance.now() - startedAt) / 1_000);
    take(entries);
  }

  private async recreateGroup(signal: AbortSignal): Promise<void> {
    const { stream, metrics, logger } = this.parts;
    if (this.recreations > 0) await sleep(equalJitter(RECREATE_BACKOFF, this.recreations), signal);
    this.recreations += 1;
    if (signal.aborted || !(await stream.ensureGroup(HEAL_START))) return;
    metrics.add(GROUPS_RECREATED, { stream: stream.stream, group: stream.group });
    logger.warn(
      `Stream "${stream.stream}": group "${stream.group}" had vanished; created again at ${HEAL_START}, so that all of the stream is delivered.`,
    );
  }

  private onError(error: unknown): void {
    const waiting = this.isPrepared ? 'cannot be read, repeating' : 'waiting for Redis to create the group';
    this.condition.began(describeError(error), waiting);
  }
}

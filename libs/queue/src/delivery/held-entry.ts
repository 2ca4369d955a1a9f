import { Deferred } from '@safesync/core';
import type { DecodedMessage } from '../message/json.codec.js';
import type { DeliveredEntry, StreamEntry } from '../stream/stream-entry.js';
import type { FailedAttempt } from './dead-letter.js';
import { ConsumerStoppingError, LeaseLostError } from './delivery.errors.js';
import type { DeliverySignal } from './delivery-signal.js';
import type { ErrorSummary } from './error-summary.js';

/**
 * Where a held entry is: `ready` for a slot, `running` in one, `waiting` for its retry, `moving` while Redis is asked for that
 * retry, `paused` until the database answers, or `committed`: its work is in the database and only the acknowledgement is
 * missing, so it must never run again. Behind another one of its key it is `queued`, or `shelved`, without its content.
 */
export type HeldState = 'ready' | 'running' | 'waiting' | 'moving' | 'paused' | 'committed' | 'queued' | 'shelved';

/** Why a delivery was ended from outside. */
export type Interruption = 'stopping' | 'leaseLost';

/** Failures remembered for the dead letter; older ones are only counted. */
const MAX_HISTORY = 20;

/**
 * An entry that this consumer holds: pending under its name in Redis, its lease renewed, until it is acknowledged, given back,
 * moved to the dead letters or lost to another consumer.
 */
export class HeldEntry implements DeliveredEntry {
  state: HeldState = 'ready';
  /** Handler runs started by this process. */
  attempt = 0;
  /** Deliveries repeated without counting, because the database was away. */
  uncounted = 0;
  /** A call that should have acknowledged it ended without an answer. */
  isAckUncertain = false;
  interruption: Interruption | undefined;
  /** When the lease was last known to be ours, on the clock of `performance.now()`. */
  leasedAt = performance.now();
  readonly history: FailedAttempt[] = [];
  /** Where the last failure was thrown. */
  frames = '';
  /** It failed in a transaction that it shared with others: from now on it shares none. */
  isAlone = false;
  private signal: DeliverySignal | undefined;
  /** Handler bodies of it that run; one that ignores its signal outlives its attempt. */
  private bodies = 0;
  private lastBody: Deferred | undefined;
  /** Raw bytes of its content in memory. */
  size = 0;
  /** What it is ordered by; only where the handler orders. */
  key: string | undefined = undefined;
  /** Its content, decoded to learn its key and not used yet. */
  decoded: DecodedMessage | undefined = undefined;
  /** False: taken over from another consumer, and no delivery to this one has been counted yet. */
  isCounted = true;
  /** Its dead letter is being written at somebody's wish. */
  isLetterWanted = false;
  /** A call that should have delivered it again ended without an answer: Redis may have counted that delivery. */
  isCountUncertain = false;

  constructor(
    private current: StreamEntry,
    /** Delivered several times without an end: perhaps what kills its consumers, so it runs alone. */
    public isSuspect = false,
  ) {}

  get id(): string {
    return this.current.id;
  }

  get deliveryCount(): number {
    return this.current.deliveryCount;
  }

  /** A delivery of it is counted and nothing has come of that yet: given back, it counts one less. */
  get isUnstarted(): boolean {
    const waits = this.state === 'ready' || this.state === 'paused' || this.state === 'queued';
    return this.isCounted && (waits || (this.state === 'shelved' && this.attempt === 0));
  }

  get entry(): StreamEntry {
    return this.current;
  }

  /** Starts an attempt; `signal` is aborted when it is interrupted. */
  begin(signal: DeliverySignal): void {
    this.signal = signal;
    this.attempt += 1;
  }

  /** `signal` is aborted when it is interrupted, without an attempt of its own. */
  watch(signal: DeliverySignal): void {
    this.signal = signal;
  }

  /** Ends the attempt: whoever interrupts from now on comes too late for it. */
  end(): void {
    this.signal = undefined;
  }

  /** A handler body of it begins. */
  enter(): void {
    this.bodies += 1;
  }

  /** A handler body of it has come to its end. */
  leave(): void {
    this.bodies -= 1;
    if (this.bodies === 0) this.lastBody?.resolve();
    if (this.bodies === 0) this.lastBody = undefined;
  }

  /** Resolves when no handler body of it runs any more; undefined when none does. */
  whenLeft(): Promise<void> | undefined {
    if (this.bodies === 0) return undefined;
    this.lastBody ??= new Deferred();
    return this.lastBody.promise;
  }

  /** Ends the attempt in progress from outside; its transaction rolls back. The first reason stands. */
  interrupt(reason: Interruption): void {
    this.interruption ??= reason;
    this.signal?.abort(reason === 'leaseLost' ? new LeaseLostError(this.id) : new ConsumerStoppingError(this.id));
  }

  /** Redis delivered it to this consumer once more. Called by those who account for its size. */
  redelivered(entry: StreamEntry): void {
    this.current = entry;
    this.leasedAt = performance.now();
  }

  /** What was decoded, once: a handler may change what it gets. */
  takeDecoded(): DecodedMessage | undefined {
    const { decoded } = this;
    if (decoded !== undefined) this.decoded = undefined;
    return decoded;
  }

  /** Lets go of what is in it. Called by those who account for its size. */
  dropContent(): void {
    this.current = { id: this.id, deliveryCount: this.deliveryCount, fields: null };
    this.decoded = undefined;
  }

  remember(error: ErrorSummary, frames: string): void {
    this.frames = frames;
    this.history.push({ delivery: this.deliveryCount, at: new Date().toISOString(), error });
    if (this.history.length > MAX_HISTORY) this.history.shift();
  }
}

import { sleep, Wakeup } from '@safesync/core';
import type { HeldEntry } from '../delivery/held-entry.js';
import { Mutex } from './mutex.js';

export interface DeliverySlotsOptions {
  /** Entries running at once. */
  readonly concurrency: number;
  /** Runs one entry to its end; must not reject. */
  readonly run: (held: HeldEntry) => Promise<void>;
  /** Told that somebody begins to wait for all that run. */
  readonly hurry: () => void;
  /** How long the others wait for a suspect, and a suspect for them, at most. */
  readonly aloneMs: number;
  /** False while nothing may be started. */
  readonly mayStart: () => boolean;
}

/**
 * Runs ready entries, `concurrency` at once, in the order they came; a suspect runs alone, within bounds. Holds as many again in readiness, so
 * that reading stays off the path of the handlers.
 */
export class DeliverySlots {
  private readonly ready: HeldEntry[] = [];
  /** No Set: one that is filled and emptied all the time leaves tables behind that outlive their use. */
  private readonly running: HeldEntry[] = [];
  private readonly wakeup = new Wakeup();
  /** Wishes to have the slots alone, the one that has them included. */
  private exclusives = 0;
  private readonly mutex = new Mutex();

  constructor(private readonly options: DeliverySlotsOptions) {}

  /** How many entries a read should bring now; 0 while there are enough. */
  get wanted(): number {
    return this.isHungry() ? 2 * this.options.concurrency - this.outstanding : 0;
  }

  /** How many entries a claim may bring: more than a read, so that new messages never keep stale ones waiting. */
  get spare(): number {
    return this.exclusives === 0 ? Math.max(0, 3 * this.options.concurrency - this.outstanding) : 0;
  }

  /** Somebody has the slots alone, or waits for that. */
  get isWantedAlone(): boolean {
    return this.exclusives > 0;
  }

  /** Running and ready entries. */
  get outstanding(): number {
    return this.ready.length + this.running.length;
  }

  get inProgress(): readonly HeldEntry[] {
    return this.running;
  }

  /** Resolves when more entries are wanted, or when `signal` aborts. */
  hungry(signal: AbortSignal): Promise<void> {
    return this.wakeup.until(this.isHungry, signal);
  }

  /** Resolves when nothing runs any more, or when `signal` aborts. */
  idle(signal: AbortSignal): Promise<void> {
    return this.wakeup.until(this.isIdle, signal);
  }

  add(held: HeldEntry): void {
    held.state = 'ready';
    this.ready.push(held);
    this.pump();
  }

  /** Before everything that is ready. */
  addFirst(held: HeldEntry): void {
    held.state = 'ready';
    this.ready.unshift(held);
    this.pump();
  }

  /** Starts what may be started; to be called when `mayStart` has become true. */
  pump(): void {
    while (this.canStart()) void this.start(this.ready.shift() as HeldEntry);
  }

  /**
   * Waits until nothing runs, then does `work` before anything else is started; `work` runs an entry by `runAlone`. Neither
   * takes longer than `aloneMs` from the others: after that `work` begins beside what still runs, and the others go on beside
   * `work`, which keeps its slot.
   */
  async exclusively(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    this.exclusives += 1;
    this.options.hurry();
    try {
      await this.mutex.run(async () => {
        await this.bounded((over) => this.idle(over), signal);
        await this.bounded(work, signal);
      });
    } finally {
      this.exclusives -= 1;
      this.pump();
      this.wakeup.notify();
    }
  }

  /** Runs an entry in the midst of `exclusively`. */
  runAlone(held: HeldEntry): Promise<void> {
    return this.start(held);
  }

  /** Takes out what was not started. */
  takeReady(): HeldEntry[] {
    return this.ready.splice(0);
  }

  /** Ends with `work`, after `aloneMs`, or when `signal` aborts, before which nothing is begun. */
  private async bounded(work: (over: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const over = new AbortController();
    const end = (): void => over.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      await Promise.race([work(over.signal), sleep(this.options.aloneMs, over.signal)]);
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }

  private readonly isHungry = (): boolean => this.exclusives === 0 && this.outstanding <= this.options.concurrency;
  private readonly isIdle = (): boolean => this.running.length === 0;

  private canStart(): boolean {
    const { concurrency, mayStart } = this.options;
    return this.ready.length > 0 && this.running.length < concurrency && this.exclusives === 0 && mayStart();
  }

  private async start(held: HeldEntry): Promise<void> {
    held.state = 'running';
    this.running.push(held);
    try {
      await this.options.run(held);
    } finally {
      this.running.splice(this.running.indexOf(held), 1);
      this.pump();
      if (this.isHungry() || this.isIdle()) this.wakeup.notify();
    }
  }
}

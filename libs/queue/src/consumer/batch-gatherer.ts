import type { HeldEntry } from '../delivery/held-entry.js';
import type { ResolvedBatchOptions } from '../handler/batch.options.js';

export interface BatchGathererOptions extends Pick<ResolvedBatchOptions, 'size' | 'waitMs'> {
  /** Batches running at once. */
  readonly concurrency: number;
  /** True while somebody waits for all batches to end: none waits for more then. Told of its begin by `hurry`. */
  readonly isHurried: () => boolean;
  /** Resolves when something may be started, at once where that is so now. */
  readonly mayStart: () => Promise<void> | undefined;
  /** Runs a batch to its end; must not reject. */
  readonly run: (batch: readonly HeldEntry[]) => Promise<void>;
  /** Aborts when nothing more may be started: what waits is left `ready`. */
  readonly signal: AbortSignal;
}

interface Waiting {
  /** On the clock of `performance.now()`. */
  readonly since: number;
  readonly done: () => void;
}

/** In the order they came. */
type Queue = Map<HeldEntry, Waiting>;

/**
 * Makes batches of entries that have a slot each. A batch takes what is there: everything that came in one turn of the event
 * loop, or within `waitMs` after its first unless somebody is held up by that. A suspect, and what has failed in company before, is a batch by itself and waits for
 * nobody.
 */
export class BatchGatherer {
  private readonly alone: Queue = new Map();
  private readonly others: Queue = new Map();
  private running = 0;
  private isScheduled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: BatchGathererOptions) {
    options.signal.addEventListener('abort', () => this.dismiss(), { once: true });
  }

  /** Resolves when the entry's batch has come to its end, or when the entry will not be started. */
  add(held: HeldEntry): Promise<void> {
    if (this.options.signal.aborted) return Promise.resolve();
    // it can still be given back
    held.state = 'ready';
    return new Promise((done) => {
      const queue = runsAlone(held) ? this.alone : this.others;
      queue.set(held, { since: performance.now(), done });
      this.schedule();
    });
  }

  /** Does not start the entry, if it waits: it was given back or lost. */
  withdraw(held: HeldEntry): void {
    for (const queue of [this.alone, this.others]) {
      queue.get(held)?.done();
      queue.delete(held);
    }
  }

  /** Starts what waits for more. */
  hurry(): void {
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    const dueInMs = this.dueInMs();
    if (dueInMs === undefined) return;
    if (dueInMs > 0) {
      // one that was set for an entry which is gone comes too early, and is set again
      this.timer ??= setTimeout(() => this.waited(), dueInMs);
      return;
    }
    this.isScheduled = true;
    setImmediate(() => void this.pump());
  }

  private waited(): void {
    this.timer = undefined;
    this.schedule();
  }

  /** Until the next batch may start; undefined when none waits, or none may start before another one ends. */
  private dueInMs(): number | undefined {
    const { size, waitMs, concurrency, isHurried } = this.options;
    if (this.running >= concurrency) return undefined;
    if (this.alone.size > 0 || this.others.size >= size) return 0;
    const [first] = this.others.values();
    if (first && isHurried()) return 0;
    return first && Math.max(0, Math.ceil(first.since + waitMs - performance.now()));
  }

  private async pump(): Promise<void> {
    await this.options.mayStart();
    this.isScheduled = false;
    while (this.dueInMs() === 0) void this.start(this.take());
    this.schedule();
  }

  private take(): [HeldEntry, Waiting][] {
    const [queue, count] = this.alone.size > 0 ? [this.alone, 1] : [this.others, this.options.size];
    const taken: [HeldEntry, Waiting][] = [];
    for (const each of queue) {
      if (taken.push(each) === count) break;
    }
    for (const [held] of taken) queue.delete(held);
    return taken;
  }

  private async start(taken: readonly [HeldEntry, Waiting][]): Promise<void> {
    this.running += 1;
    const batch = taken.map(([held]) => held);
    for (const held of batch) held.state = 'running';
    try {
      await this.options.run(batch);
    } finally {
      this.running -= 1;
      for (const [, { done }] of taken) done();
      this.schedule();
    }
  }

  private dismiss(): void {
    clearTimeout(this.timer);
    for (const queue of [this.alone, this.others]) {
      for (const { done } of queue.values()) done();
      queue.clear();
    }
  }
}

function runsAlone({ isSuspect, isAlone }: HeldEntry): boolean {
  return isSuspect || isAlone;
}

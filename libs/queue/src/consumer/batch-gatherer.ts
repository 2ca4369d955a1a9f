import type { HeldEntry } from '../delivery/held-entry.js';
import type { ResolvedBatchOptions } from '../handler/batch.options.js';

export interface BatchGathererOptions extends Pick<ResolvedBatchOptions, 'size' | 'waitMs'> {
  /** Batches running at once. */
  readonly concurrency: number;
  /** False for an entry that was given back while it waited. */
  readonly isHeld: (held: HeldEntry) => boolean;
  /** Resolves when something may be started, at once where that is so now. */
  readonly mayStart: () => Promise<void> | undefined;
  /** Runs a batch to its end; must not reject. */
  readonly run: (batch: readonly HeldEntry[]) => Promise<void>;
  /** Aborts when nothing more may be started: what waits is left `ready`. */
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly held: HeldEntry;
  readonly done: () => void;
}

/**
 * Makes batches of entries that have a slot each. A batch takes what is there: everything that came in one turn of the event
 * loop, or within `waitMs`. A suspect, and what has failed in company before, is a batch by itself.
 */
export class BatchGatherer {
  private waiting: Waiting[] = [];
  private running = 0;
  private isScheduled = false;
  private isDue = false;
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
      this.waiting.push({ held, done });
      this.schedule();
    });
  }

  private schedule(): void {
    const { size, waitMs } = this.options;
    if (waitMs > 0 && !this.isDue && this.waiting.length < size) {
      this.timer ??= setTimeout(() => this.waited(), waitMs);
      return;
    }
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => void this.pump());
  }

  private waited(): void {
    this.timer = undefined;
    this.isDue = true;
    this.schedule();
  }

  private async pump(): Promise<void> {
    await this.options.mayStart();
    this.isScheduled = false;
    const { concurrency, signal } = this.options;
    while (this.waiting.length > 0 && this.running < concurrency && !signal.aborted) void this.start(this.take());
    if (this.waiting.length > 0) return;
    this.isDue = false;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private take(): Waiting[] {
    const first = this.waiting.findIndex(({ held }) => runsAlone(held));
    const count = first === 0 ? 1 : Math.min(this.options.size, first < 0 ? this.waiting.length : first);
    return this.waiting.splice(0, count);
  }

  private async start(taken: readonly Waiting[]): Promise<void> {
    this.running += 1;
    const batch = taken.map(({ held }) => held).filter(this.options.isHeld);
    for (const held of batch) held.state = 'running';
    try {
      if (batch.length > 0) await this.options.run(batch);
    } finally {
      this.running -= 1;
      for (const { done } of taken) done();
      if (this.waiting.length > 0) this.schedule();
    }
  }

  private dismiss(): void {
    clearTimeout(this.timer);
    for (const { done } of this.waiting.splice(0)) done();
  }
}

function runsAlone({ isSuspect, isAlone }: HeldEntry): boolean {
  return isSuspect || isAlone;
}

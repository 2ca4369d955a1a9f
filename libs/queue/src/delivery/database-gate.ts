import { type BackgroundLogger, type BackoffOptions, ConditionLog, equalJitter, sleep } from '@safesync/core';
import { describeError } from './error-summary.js';

const PROBE_BACKOFF: BackoffOptions = { baseMs: 100, maxMs: 2_000 };

/**
 * Open while a database answers. When it does not, nothing is read and no handler is started until it does: a message must
 * not use up its deliveries on an outage. One gate serves all consumers of a database, so that one probe runs, not many.
 */
export class DatabaseGate {
  private asking: Promise<boolean> | undefined;
  private closedAt: number | undefined;
  private readonly stopping = new AbortController();
  private readonly listeners = new Set<() => void>();
  private readonly condition: ConditionLog;

  constructor(
    name: string,
    /** One round trip to the database; rejects when it does not answer. */
    private readonly ping: () => Promise<void>,
    logger: BackgroundLogger,
  ) {
    this.condition = new ConditionLog(logger, `Database "${name}"`);
  }

  get isOpen(): boolean {
    return this.closedAt === undefined;
  }

  /** How long the database has been away; 0 while it answers. */
  get closedForMs(): number {
    return this.closedAt === undefined ? 0 : performance.now() - this.closedAt;
  }

  /** Asks the database once. True: it answers. False: it is away, and the gate stays closed until it answers. */
  async ask(): Promise<boolean> {
    if (!this.isOpen) return false;
    this.asking ??= this.probe().finally(() => {
      this.asking = undefined;
    });
    const answers = await this.asking;
    if (!answers) this.close();
    return answers;
  }

  /** Calls `listener` at every reopening; returns how to take it off again. */
  onOpen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves when the gate is open, or when `signal` aborts. */
  async opened(signal: AbortSignal): Promise<void> {
    if (this.isOpen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        forget();
        resolve();
      };
      const forget = this.onOpen(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Ends the probing. */
  dispose(): void {
    this.stopping.abort();
    this.listeners.clear();
  }

  private close(): void {
    if (!this.isOpen) return;
    this.closedAt = performance.now();
    void this.probeUntilOpen();
  }

  private async probeUntilOpen(): Promise<void> {
    const { signal } = this.stopping;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await sleep(equalJitter(PROBE_BACKOFF, attempt), signal);
      if (signal.aborted || !(await this.probe())) continue;
      this.closedAt = undefined;
      this.condition.ended('answers again, handlers go on');
      for (const listener of this.listeners) listener();
      return;
    }
  }

  private async probe(): Promise<boolean> {
    try {
      await this.ping();
      return true;
    } catch (error) {
      this.condition.began(describeError(error), 'handlers wait until it answers, no delivery is counted');
      return false;
    }
  }
}

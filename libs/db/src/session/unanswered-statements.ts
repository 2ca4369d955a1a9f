import type { DbError } from '../db.errors.js';

/** Ends the wait for one statement's answer. */
type Reject = (error: DbError) => void;

/** What the server's own answer may take when it has ended a statement for its time. */
const ANSWER_MS = 500;

/** The statements of one connection that the server has not answered yet, and how long it may take to. */
export class UnansweredStatements {
  /** Few, and answered in their order. A Set that is filled and emptied all the time leaves tables behind that outlive their use. */
  private readonly pending: Reject[] = [];
  private streams = 0;
  private watchdog: NodeJS.Timeout | undefined;

  /**
   * @param limitMs see `limit`
   * @param onSilence told when a statement was not answered in its time and half a second more
   */
  constructor(
    private limitMs: number,
    private readonly onSilence: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.pending.length === 0;
  }

  /** Time of a statement from the next one on, in ms; 0: no limit. */
  limit(ms: number): void {
    this.limitMs = ms;
    this.stopWatching();
  }

  add(reject: Reject): void {
    if (this.limitMs > 0 && (this.isEmpty || this.watchdog === undefined)) this.watch();
    this.pending.push(reject);
  }

  /** It was answered: the next one has all of its time from now on. */
  remove(reject: Reject): void {
    const at = this.pending.indexOf(reject);
    if (at >= 0) this.pending.splice(at, 1);
    if (!this.isEmpty) this.watchdog?.refresh();
  }

  /** For the time of `work`, one of those unanswered may take as long as its reader likes. */
  async whileStreaming<T>(work: () => Promise<T>): Promise<T> {
    this.streams += 1;
    try {
      return await work();
    } finally {
      this.streams -= 1;
    }
  }

  /** None of them will be answered. */
  rejectAll(error: DbError): void {
    for (const reject of this.pending.splice(0)) reject(error);
    this.stopWatching();
  }

  /** (Re)starts the one timer; statements that wait behind another have none of their own. */
  private watch(): void {
    if (this.watchdog !== undefined) this.watchdog.refresh();
    else this.watchdog = setTimeout(() => this.expire(), this.limitMs + ANSWER_MS).unref();
  }

  private stopWatching(): void {
    clearTimeout(this.watchdog);
    this.watchdog = undefined;
  }

  private expire(): void {
    this.watchdog = undefined;
    if (this.pending.length > this.streams) this.onSilence();
  }
}

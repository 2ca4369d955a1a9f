import { type Lap, Stopwatch } from '../process/stopwatch.js';

/**
 * Lets so many messages through and times them, whatever is behind them: who comes later waits with his message, before its
 * first statement, until the gate is opened again. So a run ends with an exact number of effects in the midst of a backlog.
 */
export class Gate {
  private left = 0;
  private finishedCount = 0;
  private expected = 0;
  private watch: Stopwatch | undefined;
  private waiting: (() => void)[] = [];
  private allFinished: () => void = () => undefined;

  constructor(private readonly onProgress: (finished: number) => void) {}

  /** Resolves when the message may begin. */
  async pass(): Promise<void> {
    while (this.left === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.left -= 1;
    this.watch ??= new Stopwatch();
  }

  /** The last statement has returned; commit and acknowledgement are still to come. */
  finished(): void {
    this.onProgress(++this.finishedCount);
    if (this.finishedCount === this.expected) this.allFinished();
  }

  /** Resolves when `count` messages have finished, with what they took from the first one's begin. */
  async open(count: number): Promise<Lap> {
    this.left = count;
    this.expected = count;
    this.finishedCount = 0;
    this.watch = undefined;
    const all = new Promise<void>((resolve) => {
      this.allFinished = resolve;
    });
    for (const go of this.waiting.splice(0)) go();
    await all;
    return ((this.watch as Stopwatch | undefined) ?? new Stopwatch()).lap();
  }
}

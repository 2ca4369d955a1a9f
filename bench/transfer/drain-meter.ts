import { setTimeout as pause } from 'node:timers/promises';
import { type Lap, Stopwatch } from '../process/stopwatch.js';
import type { Probe } from './transfer-contender.js';

/** What one run of one contender measured about itself: from the first message started until nothing is left unacknowledged. */
export interface Drained extends Lap {
  /** How often the meter asked Redis what is left, to be taken off the server's count. */
  readonly polls: number;
}

/**
 * Times a contender inside its own process, from the first message started to the last one acknowledged. The end is a fact
 * of the server, asked for only once every message has finished, so that asking costs nothing before.
 */
export class DrainMeter implements Probe {
  private watch: Stopwatch | undefined;
  private expected = Number.POSITIVE_INFINITY;
  private finishedCount = 0;
  private allFinished: () => void = () => undefined;

  /** `unacknowledged` asks Redis how many messages are. */
  constructor(
    private readonly unacknowledged: () => Promise<number>,
    private readonly onProgress: (finished: number) => void,
  ) {}

  started(): void {
    this.watch ??= new Stopwatch();
  }

  finished(): void {
    this.onProgress(++this.finishedCount);
    if (this.finishedCount === this.expected) this.allFinished();
  }

  /** Measures the next `messages` messages; call it before they can be seen. */
  async drain(messages: number): Promise<Drained> {
    this.watch = undefined;
    this.finishedCount = 0;
    this.expected = messages;
    await new Promise<void>((resolve) => {
      this.allFinished = resolve;
    });
    const polls = await this.untilAllAcknowledged();
    const watch = this.watch as Stopwatch | undefined;
    if (!watch) throw new Error('The contender finished messages without starting any.');
    return { ...watch.lap(), polls };
  }

  private async untilAllAcknowledged(): Promise<number> {
    for (let polls = 1; ; polls++) {
      if ((await this.unacknowledged()) === 0) return polls;
      await pause(1);
    }
  }
}

import { SeededRandom } from '../seeded-random.js';

/** `kill`: SIGKILL, and started again. `pause`: SIGSTOP, and SIGCONT after a while. */
export type ProcessFault = 'kill' | 'pause';

export interface FaultScheduleOptions {
  /** The same seed gives the same faults. Print it. */
  readonly seed: number;
  /** How many processes there are to choose from. */
  readonly members: number;
  /** Shortest and longest time between two faults, in ms. Default [120, 370]. */
  readonly everyMs?: readonly [least: number, most: number];
  /** What may happen; one that is named twice comes twice as often. Default `['kill']`. */
  readonly faults?: readonly ProcessFault[];
}

export interface ScheduledFault {
  /** Time since the fault before, in ms. */
  readonly afterMs: number;
  /** Which process: 0 and up. */
  readonly member: number;
  readonly fault: ProcessFault;
}

/** What happens to whom and when, without an end: the seed's and nobody else's doing. */
export function* faultSchedule(options: FaultScheduleOptions): Generator<ScheduledFault, never> {
  const { seed, members, everyMs = [120, 370], faults = ['kill'] } = options;
  const random = new SeededRandom(seed);
  for (;;) {
    const afterMs = random.int(...everyMs);
    yield { afterMs, member: random.int(0, members - 1), fault: random.pick(faults) };
  }
}

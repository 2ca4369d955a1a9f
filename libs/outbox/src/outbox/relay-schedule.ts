import { Wakeup } from '@safesync/core';
import type { RelayLane } from './relay-lane.js';

/** Which lane has its turn next: those with work, the one that has waited longest first. */
export class RelaySchedule {
  private lanes: RelayLane[];
  private readonly wakeup = new Wakeup();

  constructor(lanes: readonly RelayLane[]) {
    this.lanes = [...lanes];
  }

  /** A lane with something to do, until `giveBack`; undefined when `signal` aborts. */
  async take(signal: AbortSignal): Promise<RelayLane | undefined> {
    while (!signal.aborted) {
      const now = performance.now();
      const lane = this.lanes.find(({ nextAt }) => nextAt <= now);
      if (lane !== undefined) return this.lend(lane);
      await this.wakeup.sleep(Math.max(1, Math.min(...this.lanes.map(({ nextAt }) => nextAt)) - now), signal);
    }
    return undefined;
  }

  giveBack(lane: RelayLane): void {
    lane.isBusy = false;
    this.notify();
  }

  /** Something has changed in a lane. */
  notify(): void {
    this.wakeup.notify();
  }

  private lend(lane: RelayLane): RelayLane {
    lane.isBusy = true;
    this.lanes = [...this.lanes.filter((other) => other !== lane), lane];
    return lane;
  }
}

import { MAX_TIMER_MS } from '@safesync/core';
import type { RelayLane } from './relay-lane.js';

/** Which lane has its turn next: those with work, the one that has waited longest first. */
export class RelaySchedule {
  private lanes: RelayLane[];
  private sleepers = new Set<() => void>();

  constructor(lanes: readonly RelayLane[]) {
    this.lanes = [...lanes];
  }

  /** A lane with something to do, until `giveBack`; undefined when `signal` aborts. */
  async take(signal: AbortSignal): Promise<RelayLane | undefined> {
    while (!signal.aborted) {
      const now = performance.now();
      const lane = this.lanes.find(({ nextAt }) => nextAt <= now);
      if (lane !== undefined) return this.lend(lane);
      await this.sleep(Math.min(...this.lanes.map(({ nextAt }) => nextAt)) - now, signal);
    }
    return undefined;
  }

  giveBack(lane: RelayLane): void {
    lane.isBusy = false;
    this.notify();
  }

  /** Something has changed in a lane. */
  notify(): void {
    for (const wake of this.sleepers) wake();
  }

  private lend(lane: RelayLane): RelayLane {
    lane.isBusy = true;
    this.lanes = [...this.lanes.filter((other) => other !== lane), lane];
    return lane;
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), Math.min(Math.max(1, ms), MAX_TIMER_MS));
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.sleepers.delete(wake);
        resolve();
      };
      this.sleepers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

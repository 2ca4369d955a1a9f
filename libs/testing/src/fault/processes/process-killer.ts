import { sleep } from '@safesync/core';
import { type FaultScheduleOptions, faultSchedule, type ScheduledFault } from './fault-schedule.js';
import type { WorkerCrew } from './worker-crew.js';

export interface ProcessKillerOptions extends Omit<FaultScheduleOptions, 'members'> {
  /** How long a paused process stands still, in ms. Default 1 500. */
  readonly pauseMs?: number;
  /** Told of each fault as it happens. */
  readonly onFault?: (fault: ScheduledFault) => void;
}

/** What was done. */
export interface FaultCount {
  kills: number;
  pauses: number;
}

/** Kills and pauses the processes of a crew by chance, and by the seed's alone. */
export class ProcessKiller {
  constructor(
    private readonly crew: WorkerCrew,
    private readonly options: ProcessKillerOptions,
  ) {}

  /** Does `faults` of them, or as many as come before `signal` aborts. Resolves when no process is paused any more. */
  async run(faults: number, signal?: AbortSignal): Promise<FaultCount> {
    const count: FaultCount = { kills: 0, pauses: 0 };
    const pauses: Promise<void>[] = [];
    const schedule = faultSchedule({ ...this.options, members: this.crew.size });
    for (let done = 0; done < faults; done++) {
      const next = schedule.next().value;
      await sleep(next.afterMs, signal);
      if (signal?.aborted) break;
      this.options.onFault?.(next);
      if (next.fault === 'kill') {
        await this.crew.replace(next.member);
        count.kills += 1;
      } else {
        pauses.push(this.pause(next.member));
        count.pauses += 1;
      }
    }
    await Promise.all(pauses);
    return count;
  }

  private async pause(member: number): Promise<void> {
    const worker = await this.crew.member(member);
    worker.signal('SIGSTOP');
    await sleep(this.options.pauseMs ?? 1_500);
    worker.signal('SIGCONT');
  }
}

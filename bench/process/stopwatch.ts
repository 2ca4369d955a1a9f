/** What a stretch of work took inside a contender's process. */
export interface Lap {
  readonly elapsedMs: number;
  /** User and system time of the process over the same interval. */
  readonly cpuUs: number;
}

/** Time and CPU of this process, from now on. */
export class Stopwatch {
  private readonly at = performance.now();
  private readonly cpu = process.cpuUsage();

  lap(): Lap {
    const cpu = process.cpuUsage(this.cpu);
    return { elapsedMs: performance.now() - this.at, cpuUs: cpu.user + cpu.system };
  }
}

import { readFileSync } from 'node:fs';

/** /proc counts in ticks of 10 ms on every Linux that Node runs on. */
const TICK_US = 10_000;
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** User and system time of a process so far, in microseconds; undefined where there is no /proc or no such process. */
export function processCpuUs(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) * TICK_US;
  } catch {
    return undefined;
  }
}

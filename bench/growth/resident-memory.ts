import { readFileSync } from 'node:fs';
import { spread } from '../report/statistics.js';

const EVERY_MS = 250;
const KIB_PER_MB = 1_024;

/** A sample: seconds since the first, and MB. */
export type MemoryPoint = readonly [seconds: number, mb: number];

/** Samples the resident memory of a process while `work` lasts. */
export async function whileWatched<T>(
  pid: number | undefined,
  work: () => Promise<T>,
): Promise<{ result: T; points: MemoryPoint[] }> {
  const startedAt = performance.now();
  const points: MemoryPoint[] = [];
  const sample = (): void => {
    const mb = residentMb(pid);
    if (mb !== undefined) points.push([(performance.now() - startedAt) / 1_000, mb]);
  };
  sample();
  const timer = setInterval(sample, EVERY_MS);
  try {
    return { result: await work(), points };
  } finally {
    clearInterval(timer);
  }
}

/** How much larger the last quarter is than the second; undefined for less than eight samples. */
export function growthOf(points: readonly MemoryPoint[]): number | undefined {
  const quarter = Math.floor(points.length / 4);
  if (quarter < 2) return undefined;
  const median = (from: number): number => spread(points.slice(from, from + quarter).map(([, mb]) => mb)).median;
  return median(points.length - quarter) / median(quarter);
}

function residentMb(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? undefined : Number(kib) / KIB_PER_MB;
  } catch {
    return undefined;
  }
}

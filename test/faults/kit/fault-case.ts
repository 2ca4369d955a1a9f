import type { EffectFindings } from '@safesync/testing';

/** How much of everything; each case takes what it knows. */
export interface FaultFigures {
  /** Runs of each failpoint. */
  readonly seeds: number;
  /** The first seed; printed, and given again it replays. */
  readonly seed: number;
  /** Processes or connections that are killed by chance. */
  readonly kills: number;
  /** How long a fault that lasts is kept up, in ms. */
  readonly faultMs: number;
  readonly messages: number;
  /** Runs at a time. */
  readonly parallel: number;
  /** Only what has this in its name. */
  readonly only: string;
}

/** One line of the table. */
export interface CaseRow {
  readonly what: string;
  /** A run without what is under test: it has to go wrong. */
  readonly isControl: boolean;
  readonly seeds: number;
  readonly kills: number;
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  readonly pending: number;
  /** From each fault to nothing unfinished, in ms. */
  readonly recoveries: readonly number[];
  /** What does not hold; empty when all is well. */
  readonly faults: readonly string[];
}

export interface FaultCase {
  readonly name: string;
  readonly title: string;
  run(figures: FaultFigures, say: (line: string) => void): Promise<CaseRow[]>;
}

/** Whether the line is as it has to be: sound, or as a control unsound. */
export function isAsExpected({ isControl, faults }: CaseRow): boolean {
  return isControl === faults.length > 0;
}

/** The line of an audit. */
export function rowOf(
  what: string,
  findings: EffectFindings,
  more: Partial<Omit<CaseRow, 'what' | 'lost' | 'doubled' | 'pending'>> = {},
): CaseRow {
  return {
    what,
    isControl: false,
    seeds: 1,
    kills: 0,
    messages: 0,
    recoveries: [],
    ...more,
    lost: findings.lost.length,
    doubled: findings.doubled.length,
    pending: findings.unfinished,
    faults: [...findings.faults, ...(more.faults ?? [])],
  };
}

/** Does `work` for 0, 1, ... `count - 1`, at most `parallel` at a time. */
export async function times<T>(count: number, parallel: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) results[n] = await work(n);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, lane));
  return results;
}

import type { EffectFindings } from '@safesync/testing';
import type { Lanes } from './lanes.js';

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
  /** Whether being late is a fault: not where other work takes the processors away. */
  readonly isTimed: boolean;
  /** Only what has this in its name. */
  readonly only: string;
}

/** What a control shows: that without what is under test this goes wrong. */
export type Wrong = 'lost' | 'doubled' | 'pending' | 'growth';

/** How a fault begins that says that something grew. */
export const GROWTH = 'grows: ';

/** One line of the table. */
export interface CaseRow {
  readonly what: string;
  /** A run without what is under test, and what has to go wrong in it: nothing else proves anything. */
  readonly control?: Wrong | undefined;
  readonly seeds: number;
  readonly kills: number;
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  readonly pending: number;
  /** From each fault to nothing unfinished, in ms. */
  readonly recoveries: readonly number[];
  /** What else is worth knowing. */
  readonly note?: string;
  /** What does not hold; empty when all is well. */
  readonly faults: readonly string[];
}

export interface FaultCase {
  readonly name: string;
  readonly title: string;
  run(run: FaultRun): Promise<CaseRow[]>;
}

/** Whether the line is as it has to be: sound, or as a control wrong in the way that it is about. */
export function isAsExpected(row: CaseRow): boolean {
  return row.control === undefined ? row.faults.length === 0 : SHOWS[row.control](row);
}

const SHOWS: Readonly<Record<Wrong, (row: CaseRow) => boolean>> = {
  lost: ({ lost }) => lost > 0,
  doubled: ({ doubled }) => doubled > 0,
  pending: ({ pending }) => pending > 0,
  growth: ({ faults }) => faults.some((fault) => fault.startsWith(`${GROWTH}rows`)),
};

/** A fault for those that took longer than they may, if that is looked at. */
export function lateness({ isTimed }: FaultFigures, recoveries: readonly number[], mostMs: number): string[] {
  const late = recoveries.filter((ms) => ms > mostMs).length;
  return isTimed && late > 0 ? [`${late} recovered later than ${mostMs} ms`] : [];
}

/** The line of an audit. */
export function rowOf(
  what: string,
  findings: EffectFindings,
  more: Partial<Omit<CaseRow, 'what' | 'lost' | 'doubled' | 'pending'>> = {},
): CaseRow {
  return {
    what,
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

/** A run of a case. */
export interface FaultRun {
  readonly figures: FaultFigures;
  /** Where everything that starts processes has to pass. */
  readonly lanes: Lanes;
  readonly say: (line: string) => void;
}

/** Does `work` once for each seed. */
export function forSeeds<T>({ figures, lanes }: FaultRun, work: (seed: number) => Promise<T>): Promise<T[]> {
  const seeds = Array.from({ length: figures.seeds }, (_, n) => figures.seed + n);
  return Promise.all(seeds.map((seed) => lanes.run(() => work(seed))));
}

/** The lines of those that are asked for by name, all at a time as far as there are lanes. */
export function rowsOf<T extends { readonly name: string }>(
  { figures, say }: FaultRun,
  list: readonly T[],
  rowFor: (one: T) => Promise<CaseRow>,
): Promise<CaseRow[]> {
  return Promise.all(
    list
      .filter(({ name }) => name.includes(figures.only))
      .map(async (one) => {
        const row = await rowFor(one);
        say(`${one.name}: done`);
        return row;
      }),
  );
}

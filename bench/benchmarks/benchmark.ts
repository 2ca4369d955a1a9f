import type { BenchOptions } from '../command/bench-options.js';
import type { Progress } from '../report/progress.js';
import type { BenchServers } from '../servers/bench-servers.js';

/** What a goal asked for and what was measured. */
export interface GoalResult {
  readonly id: string;
  readonly value: number;
  readonly goal: number;
  readonly met: boolean;
}

/** The machine-readable end of every benchmark: one line of JSON. */
export interface BenchSummary {
  readonly name: string;
  /** By concurrency (`c8`), then by whom ours is compared with. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By concurrency, then by contender: what one message costs. */
  readonly perMessage: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly goals: readonly GoalResult[];
}

export interface BenchResult {
  readonly summary: BenchSummary;
  /** For people: tables and goals, ready to print. */
  readonly text: string;
}

export interface BenchContext {
  readonly options: BenchOptions;
  readonly servers: BenchServers;
  readonly progress: Progress;
}

/** A file `<name>.bench.ts` of this folder exports one of these as `benchmark`; the command finds it there. */
export interface Benchmark {
  readonly name: string;
  /** One line for the list of benchmarks. */
  readonly title: string;
  /** Rejects when a run was invalid: an effect missing, doubled or wrong. */
  run(context: BenchContext): Promise<BenchResult>;
}

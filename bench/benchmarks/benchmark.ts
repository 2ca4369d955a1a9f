import type { Redis } from 'ioredis';
import type { Pool } from 'mysql2/promise';
import type { Calls } from '../counters/server-counters.js';
import type { BenchServers } from '../servers/bench-servers.js';

/** Somebody who does the work. */
export interface Contender {
  /** Its name in the JSON, in `--contenders` and in goals. */
  readonly key: string;
  readonly title: string;
  /** The file that its process loads, from the folder `bench/`: `reference/hand-written.js`. */
  readonly module: string;
  /** Keys of the cases that it takes part in. Default: all. */
  readonly cases?: readonly string[];
}

/** A circumstance under which every contender is measured: `c8`, eight at once. */
export interface Case {
  readonly key: string;
  readonly title: string;
  readonly concurrency: number;
  /** How many times the benchmark's size is measured in it, where its work is quick. Default: once. */
  readonly times?: number;
}

/** Something measured of a run: a column of the table, a field of the JSON. */
export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly digits: number;
  /** Ours is compared with the others in it, round by round; the chart shows it. */
  readonly compared?: boolean;
}

/** What one valid run of one contender came to. */
export interface Run {
  /** By the keys of the figures; undefined where it could not be seen. */
  readonly figures: Readonly<Record<string, number | undefined>>;
  /** The servers' own counters behind them, per unit of work; they go into the JSON. */
  readonly sqlCalls?: Calls;
  readonly redisCalls?: Calls;
  /** What was watched over its time; the benchmark draws curves of it. */
  readonly watched?: readonly Point[];
}

/** The rounds of one case. */
export interface Measured {
  readonly case: Case;
  readonly byContender: ReadonlyMap<Contender, readonly Run[]>;
}

export type Point = readonly [x: number, y: number];

/** A chart of lines over one axis. */
export interface Curves {
  /** In the name of its file: `growth-memory.svg`. */
  readonly name: string;
  readonly title: string;
  /** What the axes show. */
  readonly x: string;
  readonly y: string;
  /** Places on the x axis and what stands there; the first and the last bound it. */
  readonly ticks: readonly (readonly [x: number, label: string])[];
  readonly lines: readonly { readonly title: string; readonly points: readonly Point[] }[];
}

/** What has to hold of the median: of a figure, or with `against` of its ratio to another contender's in the same round. */
export interface Goal {
  readonly id: string;
  readonly case: string;
  readonly figure: string;
  /** Whose figure; default: ours. */
  readonly of?: string;
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** How much is measured. */
export interface Amount {
  /** Rounds; in each, every contender runs once. */
  readonly runs: number;
  /** Units of work of a run, after its warm-up. */
  readonly size: number;
  /** Keys of cases. */
  readonly cases: readonly string[];
}

/** Where a benchmark works: a database and keys of its own, removed after it. */
export interface BenchPlace {
  readonly servers: BenchServers;
  /** Connection URL including the database. */
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  /** One connection to the database, for the bench itself. */
  readonly pool: Pool;
  readonly redis: Redis;
  /** In the name of every key of the benchmark; a hash tag. */
  readonly keyPrefix: string;
}

/** One run to be made. */
export interface RunOrder<C extends Contender = Contender> {
  readonly contender: C;
  readonly case: Case;
  readonly size: number;
  /** File for a CPU profile of the contender's process. */
  readonly profile?: string;
  readonly onProgress: (done: number) => void;
}

/** A file `<name>.bench.ts` of this folder exports one of these as `benchmark`; the command finds it there. */
export interface Benchmark<C extends Contender = Contender> {
  readonly name: string;
  /** One line for the list of benchmarks. */
  readonly title: string;
  /** Units of work, in plural: "messages". */
  readonly unit: string;
  /** Key of the contender whose ratios to the others are shown. */
  readonly ours: string;
  readonly contenders: readonly C[];
  readonly cases: readonly Case[];
  readonly figures: readonly Figure[];
  readonly goals: readonly Goal[];
  readonly full: Amount;
  /** For every change: together with the other benchmarks under three minutes on 2 cores. */
  readonly quick: Amount;
  /** Runs one contender once, in a process of its own; rejects when an effect is missing, doubled or wrong. */
  run(order: RunOrder<C>, place: BenchPlace): Promise<Run>;
  /** Charts beside that of the figures. */
  curves?(all: readonly Measured[]): Curves[];
}

/** The cases `c1`, `c8`, .. */
export function atOnce(...concurrencies: readonly number[]): Case[] {
  return concurrencies.map((concurrency) => ({
    key: `c${concurrency}`,
    title: `${concurrency} at once`,
    concurrency,
  }));
}

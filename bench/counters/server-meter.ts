import type { BenchPlace, Figure, Run } from '../benchmarks/benchmark.js';
import { processCpuUs } from './process-cpu.js';
import { type Calls, callsBetween, redisCalls, sqlCalls } from './server-counters.js';

/** What costs: the columns that `costsOf` fills. */
export const COSTS: readonly Figure[] = [
  { key: 'nodeUs', title: 'node us', digits: 0 },
  { key: 'mysqlUs', title: 'mysqld us', digits: 0 },
  { key: 'redisUs', title: 'redis us', digits: 0 },
  { key: 'statements', title: 'statements', digits: 2 },
  { key: 'commands', title: 'commands', digits: 2 },
];

/** What the servers did between two readings, the readings themselves taken off. */
export interface ServerUse {
  readonly sql: Calls;
  readonly redis: Calls;
  /** Undefined where the process of the server is not known. */
  readonly mysqlUs: number | undefined;
  readonly redisUs: number | undefined;
}

interface Cpu {
  readonly mysql: number | undefined;
  readonly redis: number | undefined;
}

/** Reads the servers' own counters before and after. They count the whole server: nobody else may use it meanwhile. */
export class ServerMeter {
  private constructor(
    private readonly place: BenchPlace,
    private readonly before: { readonly sql: Calls; readonly redis: Calls },
    private cpu: Cpu,
  ) {}

  static async begin(place: BenchPlace): Promise<ServerMeter> {
    const before = { sql: await sqlCalls(place.pool), redis: await redisCalls(place.redis) };
    return new ServerMeter(place, before, cpuOf(place));
  }

  /** CPU counts from now on: what the bench itself had the servers do is not the contender's. */
  restartCpu(): void {
    this.cpu = cpuOf(this.place);
  }

  async end(): Promise<ServerUse> {
    const after = cpuOf(this.place);
    const { questions = 1, ...sql } = callsBetween(this.before.sql, await sqlCalls(this.place.pool));
    const redis = callsBetween(this.before.redis, await redisCalls(this.place.redis));
    return {
      sql: { ...sql, questions: questions - 1 }, // the second SHOW GLOBAL STATUS counts itself
      redis: without(redis, { info: 1 }),
      mysqlUs: difference(this.cpu.mysql, after.mysql),
      redisUs: difference(this.cpu.redis, after.redis),
    };
  }
}

export interface CostTerms {
  /** How much work it was. */
  readonly units: number;
  /** CPU time of the contender's process over all of it. */
  readonly cpuUs: number;
  /** Redis commands that the bench itself sent meanwhile. */
  readonly own?: Calls;
  /** Redis commands that only the contender's scripts run: the server counts them, but no client sends them. */
  readonly insideScripts?: readonly string[];
}

/** The costs of one unit of work, with the counters behind them. */
export function costsOf(
  use: ServerUse,
  { units, cpuUs, own = {}, insideScripts = [] }: CostTerms,
): Required<Omit<Run, 'watched'>> {
  const redis = without(use.redis, own);
  const sent = Object.entries(redis).filter(([name]) => !insideScripts.includes(name));
  return {
    figures: {
      nodeUs: cpuUs / units,
      mysqlUs: use.mysqlUs === undefined ? undefined : use.mysqlUs / units,
      redisUs: use.redisUs === undefined ? undefined : use.redisUs / units,
      statements: (use.sql.questions ?? 0) / units,
      commands: sent.reduce((sum, [, calls]) => sum + calls, 0) / units,
    },
    sqlCalls: each(use.sql, units),
    redisCalls: each(redis, units),
  };
}

function cpuOf({ servers }: BenchPlace): Cpu {
  return { mysql: processCpuUs(servers.mysqlPid), redis: processCpuUs(servers.redisPid) };
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

function without(calls: Calls, own: Calls): Calls {
  const rest = Object.entries(calls).map(([name, count]) => [name, count - (own[name] ?? 0)] as const);
  return Object.fromEntries(rest.filter(([, count]) => count !== 0));
}

function each(calls: Calls, units: number): Calls {
  return Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, count / units]));
}

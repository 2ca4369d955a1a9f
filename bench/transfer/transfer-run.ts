import type { Redis } from 'ioredis';
import type { Pool } from 'mysql2/promise';
import { processCpuUs } from '../counters/process-cpu.js';
import { type Calls, callsBetween, redisCalls, sqlCalls } from '../counters/server-counters.js';
import type { ContenderSetup, Drained } from '../process/contender.js';
import { ContenderProcess } from '../process/contender-process.js';
import type { TransferWorld } from './transfer-world.js';

/** Who runs, and what is peculiar to counting it. */
export interface TransferContender {
  readonly key: string;
  readonly title: string;
  /** URL of the module that the contender's process loads. */
  readonly module: string;
  /** Redis commands that only its scripts run: the server counts them, but no client sends them. */
  readonly insideScripts?: readonly string[];
}

/** One valid run: its speed and what a message of it cost. */
export interface TransferRun {
  readonly messagesPerSecond: number;
  readonly nodeUs: number;
  /** Undefined where the process of the server is not known. */
  readonly mysqlUs: number | undefined;
  readonly redisUs: number | undefined;
  /** Statements by the client per message. */
  readonly statements: number;
  /** Commands by the client per message. */
  readonly commands: number;
  /** All counters that moved, for the closing JSON. */
  readonly sql: Calls;
  readonly redis: Calls;
}

export interface TransferServers {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly mysqlPid: number | undefined;
  readonly redisPid: number | undefined;
}

export interface TransferRunOptions {
  /** Measured messages; as many again go before them, unmeasured, until the code is compiled. */
  readonly messages: number;
  readonly setup: ContenderSetup;
  readonly profile?: string;
  readonly onProgress: (finished: number) => void;
}

/** Runs one contender once, in a process of its own, and rejects unless every transfer had its effect exactly once. */
export async function runTransfers(
  contender: TransferContender,
  world: TransferWorld,
  servers: TransferServers,
  options: TransferRunOptions,
): Promise<TransferRun> {
  await world.reset();
  const { module, title: name } = contender;
  const child = await ContenderProcess.start({ name, module, ...options });
  try {
    await child.drain(options.messages, () => world.publish(options.messages));
    const run = await measure(child, contender, world, servers, options.messages);
    const faults = await world.faults();
    if (faults.length > 0) throw new Error(`Invalid run of ${name}: ${faults.join('; ')}.`);
    return run;
  } finally {
    await child.stop();
  }
}

async function measure(
  child: ContenderProcess,
  contender: TransferContender,
  world: TransferWorld,
  servers: TransferServers,
  messages: number,
): Promise<TransferRun> {
  const before = { sql: await sqlCalls(servers.pool), redis: await redisCalls(servers.redis) };
  let cpu = cpuOf(servers);
  const drained = await child.drain(messages, async () => {
    await world.publish(messages);
    cpu = cpuOf(servers); // what publishing cost is not the contender's
  });
  const after = cpuOf(servers);
  const sql = callsBetween(before.sql, await sqlCalls(servers.pool));
  const redis = withoutOwn(callsBetween(before.redis, await redisCalls(servers.redis)), messages, drained);
  return {
    messagesPerSecond: (messages * 1_000) / drained.elapsedMs,
    nodeUs: drained.cpuUs / messages,
    mysqlUs: perMessage(cpu.mysql, after.mysql, messages),
    redisUs: perMessage(cpu.redis, after.redis, messages),
    statements: ((sql.questions ?? 0) - 1) / messages, // the second SHOW GLOBAL STATUS counts itself
    commands: sentCommands(redis, contender.insideScripts ?? []) / messages,
    sql,
    redis,
  };
}

function cpuOf(servers: TransferServers): { mysql: number | undefined; redis: number | undefined } {
  return { mysql: processCpuUs(servers.mysqlPid), redis: processCpuUs(servers.redisPid) };
}

function perMessage(before: number | undefined, after: number | undefined, messages: number): number | undefined {
  return before === undefined || after === undefined ? undefined : (after - before) / messages;
}

/** Takes off what the bench itself sent between the two readings: the publishing, the meter's polls, the first reading. */
function withoutOwn(calls: Calls, published: number, drained: Drained): Calls {
  const own: Calls = { xadd: published, multi: 1, exec: 1, info: 1, xpending: drained.polls };
  const rest = Object.entries(calls).map(([name, count]) => [name, count - (own[name] ?? 0)] as const);
  return Object.fromEntries(rest.filter(([, count]) => count !== 0));
}

function sentCommands(calls: Calls, insideScripts: readonly string[]): number {
  return Object.entries(calls).reduce((sum, [name, count]) => (insideScripts.includes(name) ? sum : sum + count), 0);
}

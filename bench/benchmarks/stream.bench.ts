import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { OURS, type StreamRuns, streamReport } from '../report/stream-report.js';
import {
  runTransfers,
  type TransferContender,
  type TransferRun,
  type TransferServers,
} from '../transfer/transfer-run.js';
import { GROUP, TransferWorld } from '../transfer/transfer-world.js';
import type { BenchContext, Benchmark, BenchResult } from './benchmark.js';

/** What the acknowledgement's script and the claimer's turn run inside Redis. */
const INSIDE_SCRIPTS = ['xack', 'xpending', 'time', 'zadd', 'zrangebyscore'];

const CONTENDERS: readonly TransferContender[] = [
  {
    key: OURS,
    title: 'ours: @StreamHandler',
    module: moduleUrl('../safesync/transfer-handler.js'),
    insideScripts: INSIDE_SCRIPTS,
  },
  {
    key: 'exactlyOnce',
    title: 'ours: exactlyOnce',
    module: moduleUrl('../safesync/exactly-once-handler.js'),
    insideScripts: INSIDE_SCRIPTS,
  },
  { key: 'handWritten', title: 'A hand-written loop', module: moduleUrl('../reference/hand-written.js') },
  { key: 'handTuned', title: 'B tuned by hand', module: moduleUrl('../reference/hand-tuned.js') },
  { key: 'typeorm', title: 'C TypeORM loop', module: moduleUrl('../reference/typeorm-loop.js') },
];

export const benchmark: Benchmark = {
  name: 'stream',
  title: 'transfers from a stream into the database, against a hand-written loop and a TypeORM loop',
  async run(context: BenchContext): Promise<BenchResult> {
    const database = await context.servers.createDatabase();
    const pool = createPool({ uri: database.url, connectionLimit: 1 });
    const redis = new Redis(context.servers.redisUrl, { protocol: 2 });
    const world = new TransferWorld(pool, redis, `bench:{${database.name}}`);
    try {
      const { mysqlPid, redisPid } = context.servers;
      const runs: StreamRuns[] = [];
      for (const concurrency of context.options.concurrency) {
        runs.push(await interleaved(concurrency, world, { pool, redis, mysqlPid, redisPid }, database.url, context));
      }
      return streamReport(runs);
    } finally {
      await redis.del(world.stream);
      redis.disconnect();
      await pool.end();
      await database.drop();
    }
  },
};

/** A B C A B C: every contender once in each round, so that a machine that grows slower slows all of them. */
async function interleaved(
  concurrency: number,
  world: TransferWorld,
  servers: TransferServers,
  mysqlUrl: string,
  { options, servers: { redisUrl }, progress }: BenchContext,
): Promise<StreamRuns> {
  const setup = { mysqlUrl, redisUrl, stream: world.stream, group: GROUP, concurrency };
  const { messages, profileDir } = options;
  const byContender = new Map<TransferContender, TransferRun[]>(
    contendersOf(options.contenders).map((contender) => [contender, []]),
  );
  for (let round = 1; round <= options.runs; round++) {
    for (const [contender, runs] of byContender) {
      const label = `c=${concurrency}  round ${round}/${options.runs}  ${contender.title}`;
      progress.live(`${label}  starts`);
      const onProgress = (finished: number): void => progress.live(`${label}  ${finished}/${messages}`);
      const profile = profileDir && join(profileDir, `${contender.key}-c${concurrency}-${round}.cpuprofile`);
      const run = await runTransfers(contender, world, servers, { messages, setup, profile, onProgress });
      runs.push(run);
      progress.done(`${label}  ${run.messagesPerSecond.toFixed(0)} messages/s`);
    }
  }
  return { concurrency, messages, byContender };
}

function contendersOf(keys: readonly string[] | undefined): readonly TransferContender[] {
  const known = CONTENDERS.map(({ key }) => key);
  const unknown = keys?.find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`No contender "${unknown}"; there are: ${known.join(', ')}.`);
  return keys === undefined ? CONTENDERS : CONTENDERS.filter(({ key }) => keys.includes(key));
}

function moduleUrl(path: string): string {
  return new URL(path, import.meta.url).href;
}

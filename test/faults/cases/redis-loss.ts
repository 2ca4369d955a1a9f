import { sleep } from '@safesync/core';
import { eventually, type ManagedServer, startServers } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, lateness, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { Load } from '../kit/load.js';
import { startWorker } from '../kit/workers.js';

/** Longest from the end of the fault to the first message that is done again, in ms. */
const HEALED_MS = 5_000;
/** How long the load runs before the fault, in ms. */
const WARM_MS = 300;

interface Strike {
  readonly name: string;
  /** Unread messages go with it. */
  readonly erases: boolean;
  readonly perform: (world: FaultWorld, stream: string, redis: ManagedServer) => Promise<unknown>;
}

const STRIKES: readonly Strike[] = [
  { name: 'kill -9, same data', erases: false, perform: (_, __, redis) => restart(redis) },
  {
    name: 'kill -9, empty again',
    erases: true,
    perform: async (world, _, redis) => {
      await world.redis.client.flushall();
      await restart(redis);
    },
  },
  { name: 'FLUSHALL', erases: true, perform: (world) => world.redis.client.flushall() },
  { name: 'DEL of the stream', erases: true, perform: (world, stream) => world.redis.client.del(stream) },
  {
    name: 'XGROUP DESTROY',
    erases: false,
    perform: (world, stream) => world.redis.client.xgroup('DESTROY', stream, 'g'),
  },
];

/** Redis dies or forgets under load: loops heal by themselves, and what the database has is there once. */
export const redisLoss: FaultCase = {
  name: 'redis-loss',
  title: 'Redis is killed, comes back empty, loses stream or group, under load',
  run: async ({ figures, say }) => {
    const servers = await startServers({ mysql: false, useEnvironment: false });
    const redis = servers.redis as ManagedServer;
    try {
      const rows: CaseRow[] = [];
      for (const strike of STRIKES.filter(({ name }) => name.includes(figures.only))) {
        rows.push(await struck(strike, redis, figures, true));
        say(`${strike.name}: done`);
      }
      const again = STRIKES.find(({ name }) => name === 'XGROUP DESTROY') as Strike;
      return [...rows, await struck(again, redis, figures, false)];
    } finally {
      await servers.stop();
    }
  },
};

async function struck(
  strike: Strike,
  redis: ManagedServer,
  figures: FaultFigures,
  exactlyOnce: boolean,
): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce, { redisUrl: redis.url });
  const stream = await world.stream();
  const worker = await startWorker(world.settings(stream));
  const load = new Load(world, stream);
  const recoveries: number[] = [];
  const mayBeErased = new Set<number>();
  try {
    for (let round = 0; round < figures.seeds; round++) {
      await sleep(WARM_MS);
      await strike.perform(world, stream, redis);
      await world.redis.client.ping();
      if (strike.erases) for (const n of world.confirmed) mayBeErased.add(n);
      recoveries.push(await healed(world, stream));
    }
    await load.stop();
    await world.settled(stream);
    const erased = await forgetErased(world, mayBeErased);
    const faults = [...lateness(figures, recoveries, HEALED_MS), ...(worker.isRunning ? [] : ['the worker ended'])];
    const what = exactlyOnce ? strike.name : `control: ${strike.name}, no inbox`;
    const counts = {
      control: exactlyOnce ? undefined : ('doubled' as const),
      seeds: figures.seeds,
      messages: world.published,
      recoveries,
      faults,
    };
    const note = strike.erases ? `${erased} unread went with the stream` : '';
    return rowOf(what, await world.audit(), { ...counts, note });
  } finally {
    await load.stop();
    await worker.kill();
    await world.close();
  }
}

async function restart(redis: ManagedServer): Promise<void> {
  await redis.kill();
  await redis.start();
}

/** How long it takes until a message that is published now is done, in ms. */
async function healed(world: FaultWorld, stream: string): Promise<number> {
  const startedAt = performance.now();
  const [marker] = await world.publish(stream, 1);
  const isDone = async (): Promise<boolean> => marker !== undefined && (await world.hasEffect(marker));
  await eventually(isDone, { what: 'a message published after the fault is done', withinMs: 30_000 });
  return performance.now() - startedAt;
}

/** What was published before and has no effect in the end went with the stream. How many. */
async function forgetErased(world: FaultWorld, before: ReadonlySet<number>): Promise<number> {
  const done = new Set(await world.effects());
  const erased = [...before].filter((n) => !done.has(n));
  world.forget(erased);
  return erased.length;
}

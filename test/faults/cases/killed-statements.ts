import { sleep } from '@safesync/core';
import { SeededRandom } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { Load } from '../kit/load.js';
import type { WorkerSettings } from '../kit/worker-settings.js';

/** Between two kills, in ms. */
const EVERY_MS = [5, 40] as const;

/** Connections and statements of running handlers are killed by the database, by chance; the process stays. */
export const killedStatements: FaultCase = {
  name: 'killed-statements',
  title: 'KILL CONNECTION and KILL QUERY by chance, under load',
  run: async ({ figures }) => [
    await killed('KILL CONNECTION', figures, 'session'),
    await killed('KILL QUERY', figures, 'session'),
    await killed('KILL CONNECTION', figures, 'beside'),
  ],
};

type Kill = 'KILL CONNECTION' | 'KILL QUERY';

async function killed(kill: Kill, figures: FaultFigures, effects: WorkerSettings['effects']): Promise<CaseRow> {
  const isControl = effects === 'beside';
  const world = await FaultWorld.open(!isControl);
  const stream = await world.stream();
  const handler = world.handler(stream, { retry: { baseMs: 10, maxMs: 50 }, maxDeliveries: 1_000 });
  const worker = await world.worker(world.settings(stream, { handler, effects: effects ?? 'session' }));
  const load = new Load(world, stream);
  try {
    const kills = await killFor(kill, world, figures);
    await load.stop();
    const startedAt = performance.now();
    await world.settled(stream);
    const recoveries = [performance.now() - startedAt];
    const faults = worker.isRunning ? [] : ['the worker ended'];
    const what = isControl ? 'control: effects beside the session' : kill;
    return rowOf(what, await world.audit(), {
      control: isControl ? 'doubled' : undefined,
      kills,
      messages: world.published,
      recoveries,
      faults,
    });
  } finally {
    await load.stop();
    await worker.kill();
    await world.close();
  }
}

/** How many were killed. */
async function killFor(kill: Kill, { database }: FaultWorld, { seed, faultMs }: FaultFigures): Promise<number> {
  const random = new SeededRandom(seed);
  const until = performance.now() + faultMs;
  let kills = 0;
  while (performance.now() < until) {
    const victims = await database.rows<{ id: string }>(
      "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND (COMMAND = 'Query' OR INFO IS NOT NULL)",
    );
    if (victims.length > 0) {
      const { id } = random.pick(victims);
      // it may have ended by itself
      await database.pool.query(`${kill} ${id}`).then(
        () => kills++,
        () => undefined,
      );
    }
    await sleep(random.int(...EVERY_MS));
  }
  return kills;
}

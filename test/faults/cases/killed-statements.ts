import { type CaseRow, type FaultCase, type FaultFigures, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { killStatements, type StatementKill } from '../kit/kill-statements.js';
import { Load } from '../kit/load.js';
import type { WorkerSettings } from '../kit/worker-settings.js';
import { startWorker } from '../kit/workers.js';

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

async function killed(
  kill: StatementKill,
  figures: FaultFigures,
  effects: WorkerSettings['effects'],
): Promise<CaseRow> {
  const isControl = effects === 'beside';
  const world = await FaultWorld.open(!isControl);
  const stream = await world.stream();
  const handler = world.handler(stream, { retry: { baseMs: 10, maxMs: 50 }, maxDeliveries: 1_000 });
  const worker = await startWorker(world.settings(stream, { handler, effects: effects ?? 'session' }));
  const load = new Load(world, stream);
  try {
    const kills = await killStatements([kill], world.database, figures.seed, AbortSignal.timeout(figures.faultMs));
    await load.stop();
    const startedAt = performance.now();
    await world.settled(stream);
    const recoveries = [performance.now() - startedAt];
    const faults = [...(worker.isRunning ? [] : ['the worker ended']), ...(kills > 0 ? [] : ['nothing was killed'])];
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

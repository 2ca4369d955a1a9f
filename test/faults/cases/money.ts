import { ProcessKiller, WorkerCrew } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { killStatements } from '../kit/kill-statements.js';
import { Load } from '../kit/load.js';
import { untilDoubled } from '../kit/until-doubled.js';
import { auditWallets, createWallets } from '../kit/wallets.js';
import { startWorker } from '../kit/workers.js';

const CREW = 8;
/** Between two kills of a process: eight that start have little time to work in between. */
const EVERY_MS = [1_000, 2_500] as const;
/** By when a control has to have gone wrong. */
const CONTROL_MS = 120_000;

/** Money moves between few wallets while processes, connections and statements are killed: nothing is paid twice, or not at all. */
export const money: FaultCase = {
  name: 'money',
  title: 'transfers between wallets of DECIMAL(38, 18), with kill -9, KILL CONNECTION and KILL QUERY by chance',
  run: async ({ figures }) => [await moved(figures, true), await moved(figures, false)],
};

async function moved(figures: FaultFigures, exactlyOnce: boolean): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce);
  await createWallets(world.database);
  const stream = await world.stream();
  const handler = world.handler(stream, { retry: { baseMs: 10, maxMs: 50 }, maxDeliveries: 1_000 });
  const crew = await WorkerCrew.start(CREW, () =>
    startWorker(world.settings(stream, { handler, effects: 'transfer' })),
  );
  const load = new Load(world, stream);
  try {
    const kills = await harm(world, crew, figures);
    await load.stop();
    const startedAt = performance.now();
    await world.settled(stream);
    const recoveries = [performance.now() - startedAt];
    const { refused, faults } = await auditWallets(world.database);
    return rowOf(exactlyOnce ? `${CREW} workers` : 'control: no inbox', await world.audit(), {
      control: exactlyOnce ? undefined : 'doubled',
      kills: kills.processes + kills.statements,
      messages: world.published,
      recoveries,
      note: `${kills.processes} processes, ${kills.statements} statements killed; ${refused} transfers without money`,
      faults: [
        ...faults,
        ...(kills.processes > 0 && kills.statements > 0 ? [] : ['nothing was killed']),
        ...(refused < world.published ? [] : ['no money has moved']),
      ],
    });
  } finally {
    await load.stop();
    await crew.stop();
    await world.close();
  }
}

/** For as long as the figures say; a control until it has gone wrong. */
async function harm(
  world: FaultWorld,
  crew: WorkerCrew,
  { seed, faultMs }: FaultFigures,
): Promise<{ processes: number; statements: number }> {
  const over = new AbortController();
  const end = setTimeout(() => over.abort(), world.exactlyOnce ? faultMs : CONTROL_MS);
  const looking = world.exactlyOnce ? undefined : untilDoubled(world, over);
  const killer = new ProcessKiller(crew, { seed, everyMs: EVERY_MS });
  const [{ kills }, statements] = await Promise.all([
    killer.run(Number.MAX_SAFE_INTEGER, over.signal),
    killStatements(['KILL CONNECTION', 'KILL QUERY'], world.database, seed, over.signal),
    looking,
  ]);
  clearTimeout(end);
  return { processes: kills, statements };
}

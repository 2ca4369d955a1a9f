import { ProcessKiller, WorkerCrew } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { Load } from '../kit/load.js';
import { untilDoubled } from '../kit/until-doubled.js';
import { startWorker } from '../kit/workers.js';

const CREW = 3;
/** Kills after which a control has to have gone wrong. */
const MOST_FOR_CONTROL = 100;
/** Between two kills: long enough for most to have got to work again. */
const EVERY_MS = [250, 750] as const;

/** Workers die by SIGKILL wherever chance finds them, under load, and are started again. */
export const randomKills: FaultCase = {
  name: 'random-kills',
  title: 'kill -9 by chance, under load',
  run: async ({ figures }) => [await killed(figures, true), await killed(figures, false)],
};

async function killed(figures: FaultFigures, exactlyOnce: boolean): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce);
  const stream = await world.stream();
  const crew = await WorkerCrew.start(CREW, () => startWorker(world.settings(stream)));
  const load = new Load(world, stream);
  try {
    const killer = new ProcessKiller(crew, { seed: figures.seed, everyMs: EVERY_MS });
    const enough = new AbortController();
    const looking = exactlyOnce ? undefined : untilDoubled(world, enough);
    const done = await killer.run(exactlyOnce ? figures.kills : MOST_FOR_CONTROL, enough.signal);
    enough.abort();
    await looking;
    await load.stop();
    const startedAt = performance.now();
    await world.settled(stream);
    const counts = { kills: done.kills, messages: world.published, recoveries: [performance.now() - startedAt] };
    const what = exactlyOnce ? `${CREW} workers` : 'control: no inbox';
    return rowOf(what, await world.audit(), { ...counts, control: exactlyOnce ? undefined : 'doubled' });
  } finally {
    await load.stop();
    await crew.stop();
    await world.close();
  }
}

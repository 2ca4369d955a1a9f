import { SeededRandom } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultRun, forSeeds, lateness, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld, RECOVERY_MS } from '../kit/fault-world.js';
import { PATH_POINTS, type PathPoint } from '../kit/points.js';
import { Survivor } from '../kit/survivor.js';
import { deathOf, startWorker } from '../kit/workers.js';

const MESSAGES = 12;

/** A worker dies by SIGKILL at one point of the path; another one finishes what it began. */
export const killPoints: FaultCase = {
  name: 'kill-points',
  title: 'kill -9 at each point of the path of a message',
  run: async (run) => {
    const rows = rowsOf(run, PATH_POINTS, (point) => killedAt(point, run, true));
    const committed = PATH_POINTS.find(({ name }) => name === 'after COMMIT') as PathPoint;
    return [...(await rows), await killedAt(committed, run, false)];
  },
};

/** With the inbox nothing may go wrong; without it what is committed and not acknowledged is done again. */
async function killedAt(point: PathPoint, run: FaultRun, exactlyOnce: boolean): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce);
  const { seeds } = run.figures;
  try {
    const recoveries = await forSeeds(run, (seed) => killOnce(world, point, seed));
    const faults = lateness(run.figures, recoveries, RECOVERY_MS);
    const what = exactlyOnce ? point.name : `control: ${point.name}, no inbox`;
    const counts = {
      control: exactlyOnce ? undefined : ('doubled' as const),
      seeds,
      kills: seeds,
      messages: world.published,
      recoveries,
      faults,
    };
    return rowOf(what, await world.audit(), counts);
  } finally {
    await world.close();
  }
}

/** How long it took from the death to nothing unfinished, in ms. */
async function killOnce(world: FaultWorld, point: PathPoint, seed: number): Promise<number> {
  const { name, dead = 0, bad = 0, nth, workMs, ...place } = point;
  const stream = await world.stream();
  await world.publish(stream, MESSAGES / 2);
  await world.publishBad(stream, bad);
  await world.publish(stream, MESSAGES / 2);
  if (dead > 0) await world.deadConsumer(stream, dead);
  const nthNow = new SeededRandom(seed).int(...nth);
  const worker = await startWorker(
    world.settings(stream, { point: { ...place, nth: nthNow, action: 'kill' }, ...(workMs ? { workMs } : {}) }),
  );
  await deathOf(worker, `${name}, number ${nthNow} (seed ${seed})`);
  const diedAt = performance.now();
  const survivor = await Survivor.boot(world, stream);
  try {
    await world.settled(stream);
    return performance.now() - diedAt;
  } finally {
    await survivor.close();
  }
}

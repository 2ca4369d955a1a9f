import { SeededRandom } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, rowOf, times } from '../kit/fault-case.js';
import { FaultWorld, RECOVERY_MS } from '../kit/fault-world.js';
import { PATH_POINTS, type PathPoint } from '../kit/points.js';
import { Survivor } from '../kit/survivor.js';

const MESSAGES = 12;

/** A worker dies by SIGKILL at one point of the path; another one finishes what it began. */
export const killPoints: FaultCase = {
  name: 'kill-points',
  title: 'kill -9 at each point of the path of a message',
  run: async (figures, say) => {
    const rows: CaseRow[] = [];
    for (const point of PATH_POINTS.filter(({ name }) => name.includes(figures.only))) {
      rows.push(await killedAt(point, figures));
      say(`${point.name}: done`);
    }
    rows.push(await killedWithoutInbox(figures));
    return rows;
  },
};

async function killedAt(point: PathPoint, figures: FaultFigures): Promise<CaseRow> {
  const world = await FaultWorld.open(true);
  try {
    const recoveries = await times(figures.seeds, figures.parallel, (n) => killOnce(world, point, figures.seed + n));
    const late = recoveries.filter((ms) => ms > RECOVERY_MS);
    const faults = late.length > 0 ? [`${late.length} recovered later than ${RECOVERY_MS} ms`] : [];
    const counts = { seeds: figures.seeds, kills: figures.seeds, messages: world.published, recoveries, faults };
    return rowOf(point.name, await world.audit(), counts);
  } finally {
    await world.close();
  }
}

/** The same where the work is done and not acknowledged, by handlers that do not recognise a message. */
async function killedWithoutInbox(figures: FaultFigures): Promise<CaseRow> {
  const world = await FaultWorld.open(false);
  const point = PATH_POINTS.find(({ name }) => name === 'after COMMIT') as PathPoint;
  try {
    await times(figures.seeds, figures.parallel, (n) => killOnce(world, point, figures.seed + n));
    const counts = { isControl: true, seeds: figures.seeds, kills: figures.seeds, messages: world.published };
    return rowOf('control: after COMMIT, no inbox', await world.audit(), counts);
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
  const worker = await world.worker(
    world.settings(stream, { point: { ...place, nth: nthNow, action: 'kill' }, ...(workMs ? { workMs } : {}) }),
  );
  await world.reached(worker, `${name}, number ${nthNow} (seed ${seed})`);
  const diedAt = performance.now();
  const survivor = await Survivor.boot(world, stream);
  try {
    await world.settled(stream);
    return performance.now() - diedAt;
  } finally {
    await survivor.close();
  }
}

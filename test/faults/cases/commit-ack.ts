import { SeededRandom } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultRun, forSeeds, lateness, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld, RECOVERY_MS } from '../kit/fault-world.js';
import { PATH_POINTS, type PathPoint } from '../kit/points.js';
import { Survivor } from '../kit/survivor.js';
import { deathOf, startWorker } from '../kit/workers.js';

const MESSAGES = 12;
const BETWEEN = PATH_POINTS.filter(({ name }) => ['after COMMIT', 'before the acknowledgement'].includes(name));

interface Outcome {
  readonly recoveryMs: number;
  /** Handlers that ran although their message was committed. */
  readonly repeated: number;
}

/** A worker dies when the work is committed and not acknowledged: it comes again, soon, and its handler does not run. */
export const commitAck: FaultCase = {
  name: 'commit-ack',
  title: 'kill -9 between COMMIT and the acknowledgement: redelivered soon, not run again',
  run: async (run) => {
    const rows = rowsOf(run, BETWEEN, (point) => killedAt(point, run, true));
    return [...(await rows), await killedAt(BETWEEN[0] as PathPoint, run, false)];
  },
};

async function killedAt(point: PathPoint, run: FaultRun, exactlyOnce: boolean): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce);
  const { seeds } = run.figures;
  try {
    const outcomes = await forSeeds(run, (seed) => killOnce(world, point, seed));
    const repeated = outcomes.reduce((sum, outcome) => sum + outcome.repeated, 0);
    const recoveries = outcomes.map(({ recoveryMs }) => recoveryMs);
    const faults = [
      ...(repeated > 0 ? [`${repeated} handlers ran again after their commit`] : []),
      ...lateness(run.figures, recoveries, RECOVERY_MS),
    ];
    const counts = { seeds, kills: seeds, messages: world.published, recoveries, faults };
    const what = exactlyOnce ? point.name : `control: ${point.name}, no inbox`;
    return rowOf(what, await world.audit(), { ...counts, control: exactlyOnce ? undefined : 'doubled' });
  } finally {
    await world.close();
  }
}

async function killOnce(world: FaultWorld, point: PathPoint, seed: number): Promise<Outcome> {
  const { name, nth, ...place } = point;
  const stream = await world.stream();
  const numbers = await world.publish(stream, MESSAGES);
  const nthNow = new SeededRandom(seed).int(...nth);
  const worker = await startWorker(world.settings(stream, { point: { ...place, nth: nthNow, action: 'kill' } }));
  await deathOf(worker, `${name}, number ${nthNow} (seed ${seed})`);
  const diedAt = performance.now();
  const done = new Set(await world.effects());
  const survivor = await Survivor.boot(world, stream);
  try {
    await world.settled(stream);
    const recoveryMs = performance.now() - diedAt;
    const committed = new Set(numbers.filter((n) => done.has(n)));
    return { recoveryMs, repeated: survivor.handled.filter((n) => committed.has(n)).length };
  } finally {
    await survivor.close();
  }
}

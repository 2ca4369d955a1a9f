import { eventually, SeededRandom, type WorkerProcess } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultRun, forSeeds, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld, QUICK } from '../kit/fault-world.js';
import { PATH_POINTS, type PathPoint } from '../kit/points.js';
import { Survivor } from '../kit/survivor.js';
import type { PointSettings } from '../kit/worker-settings.js';

const MESSAGES = 12;
const STALLED_AT = ['after the fetch', 'in the handler', 'before COMMIT', 'after COMMIT', 'before the acknowledgement'];
/** It counts as dead after one. */
const LEASES = 3;

/** How a process stands still at a point and goes on. */
interface Stall {
  readonly name: string;
  readonly action: PointSettings['action'];
}

/** The holder of messages is stopped by SIGSTOP, for longer than it counts as alive; then it goes on where it was. */
export const paused: FaultCase = {
  name: 'paused',
  title: 'SIGSTOP of a holder for two leases, then SIGCONT',
  run: (run) => stalledAtAll({ name: 'paused', action: 'pause' }, run),
};

/** The event loop of the holder is kept busy for three leases. */
export const blockedLoop: FaultCase = {
  name: 'blocked-loop',
  title: `an event loop that is blocked for ${LEASES} leases`,
  run: (run) => stalledAtAll({ name: 'blocked', action: { blockMs: LEASES * QUICK.livenessMs } }, run),
};

async function stalledAtAll(stall: Stall, run: FaultRun): Promise<CaseRow[]> {
  const points = PATH_POINTS.filter(({ name }) => STALLED_AT.includes(name));
  const rows = rowsOf(run, points, (point) => stalledAt(stall, point, run, true));
  const uncommitted = points.find(({ name }) => name === 'before COMMIT') as PathPoint;
  return [...(await rows), await stalledAt(stall, uncommitted, run, false)];
}

async function stalledAt(stall: Stall, point: PathPoint, run: FaultRun, exactlyOnce: boolean): Promise<CaseRow> {
  const world = await FaultWorld.open(exactlyOnce);
  const { seeds } = run.figures;
  try {
    const recoveries = await forSeeds(run, (seed) => stallOnce(world, stall, point, seed));
    const counts = { isControl: !exactlyOnce, seeds, messages: world.published, recoveries };
    const where = `${stall.name} ${point.name}`;
    return rowOf(exactlyOnce ? where : `control: ${where}, no inbox`, await world.audit(), counts);
  } finally {
    await world.close();
  }
}

/** From the stall to nothing unfinished, the process that stood still being on its feet again. */
async function stallOnce(world: FaultWorld, { action }: Stall, point: PathPoint, seed: number): Promise<number> {
  const { name: _, nth, ...place } = point;
  const stream = await world.stream();
  await world.publish(stream, MESSAGES);
  const nthNow = new SeededRandom(seed).int(...nth);
  const worker = await world.spawn(world.settings(stream, { point: { ...place, nth: nthNow, action } }));
  let survivor: Survivor | undefined;
  try {
    await standsStill(worker, STILL_MS);
    const startedAt = performance.now();
    survivor = await Survivor.boot(world, stream);
    await standsStill(worker, 2 * QUICK.livenessMs);
    worker.signal('SIGCONT');
    await world.settled(stream);
    const beats = worker.messages.length;
    await eventually(() => worker.messages.length > beats, { what: 'the worker goes on' });
    return performance.now() - startedAt;
  } finally {
    await survivor?.close();
    await worker.kill();
  }
}

/** Longer than a worker that starts or works is silent. */
const STILL_MS = 400;

/** Waits until a worker that was heard has not been for so long. */
async function standsStill(worker: WorkerProcess, ms: number): Promise<void> {
  let heard = worker.messages.length;
  let since = performance.now();
  const isSilent = (): boolean => {
    if (worker.messages.length !== heard) since = performance.now();
    heard = worker.messages.length;
    return heard > 0 && performance.now() - since >= ms;
  };
  await eventually(isSilent, { what: `the worker stands still for ${ms} ms`, withinMs: 20_000, everyMs: 5 });
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, SeededRandom } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultRun, forSeeds, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { PATH_POINTS, type PathPoint } from '../kit/points.js';
import { Survivor } from '../kit/survivor.js';
import type { PointAction } from '../kit/worker-settings.js';
import { atPoint, spawnWorker } from '../kit/workers.js';

const MESSAGES = 12;
const STALLED_AT = ['after the fetch', 'in the handler', 'before COMMIT', 'after COMMIT', 'before the acknowledgement'];

/** How a process stands still at a point and goes on. */
interface Stall {
  readonly name: string;
  readonly action: PointAction;
}

/** The holder of messages is stopped by SIGSTOP until it counts as dead and others have its messages; then it goes on where it was. */
export const paused: FaultCase = {
  name: 'paused',
  title: 'SIGSTOP of a holder until others have its messages, then SIGCONT',
  run: (run) => stalledAtAll({ name: 'paused', action: 'pause' }, run),
};

/** The event loop of the holder is kept busy for as long. */
export const blockedLoop: FaultCase = {
  name: 'blocked-loop',
  title: 'an event loop that is blocked until others have its messages',
  run: (run) => stalledAtAll({ name: 'blocked', action: 'block' }, run),
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
    const counts = {
      control: exactlyOnce ? undefined : ('doubled' as const),
      seeds,
      messages: world.published,
      recoveries,
    };
    const where = `${stall.name} ${point.name}`;
    return rowOf(exactlyOnce ? where : `control: ${where}, no inbox`, await world.audit(), counts);
  } finally {
    await world.close();
  }
}

/** From the stall to nothing unfinished, the process that stood still being on its feet again; in ms. */
async function stallOnce(world: FaultWorld, { action }: Stall, point: PathPoint, seed: number): Promise<number> {
  const { name, nth, ...place } = point;
  const stream = await world.stream();
  await world.publish(stream, MESSAGES);
  const nthNow = new SeededRandom(seed).int(...nth);
  const folder = mkdtempSync(join(tmpdir(), 'stall-'));
  const releaseFile = join(folder, 'release');
  const settings = world.settings(stream, { releaseFile, point: { ...place, nth: nthNow, action } });
  const worker = await spawnWorker(settings);
  let survivor: Survivor | undefined;
  try {
    await atPoint(worker, `${name}, number ${nthNow} (seed ${seed})`);
    const startedAt = performance.now();
    const [holder = ''] = await world.consumers(stream);
    survivor = await Survivor.boot(world, stream);
    const isGone = async (): Promise<boolean> => !(await world.consumers(stream)).includes(holder);
    await eventually(isGone, { what: 'all is claimed from the holder', withinMs: 60_000 });
    const beats = worker.messages.length;
    writeFileSync(releaseFile, '');
    worker.signal('SIGCONT');
    await world.settled(stream);
    await eventually(() => worker.messages.length > beats, { what: 'the worker goes on' });
    return performance.now() - startedAt;
  } finally {
    await survivor?.close();
    await worker.kill();
    rmSync(folder, { recursive: true });
  }
}

import { type ManagedServer, SeededRandom, type Servers, startServers, type WorkerProcess } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, type FaultRun, lateness, rowOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { PATH_POINTS, type PathPoint } from '../kit/points.js';
import type { WorkerSettings } from '../kit/worker-settings.js';
import { atPoint, spawnWorker } from '../kit/workers.js';

const MESSAGES = 12;
/** More than a worker reads ahead: what it holds in memory it does without Redis. */
const MANY = 200;
/** Workers that stand at their points while one server dies: no more than get there before commands run out of time. */
const AT_A_TIME = 8;
/** Longest from the server's answer to nothing unfinished, in ms. */
const RESUMED_MS = 5_000;

type Victim = 'mysql' | 'redis';

interface Scene {
  readonly world: FaultWorld;
  readonly stream: string;
  readonly worker: WorkerProcess;
}

/** A server dies by SIGKILL while a worker stands at a point of the path, and is started again; the worker lives on. */
export const serverKills: FaultCase = {
  name: 'server-kills',
  title: 'kill -9 of MySQL or Redis at each point of the path of a message',
  run: async (run) => [
    ...(await killedAtAll('mysql', [], run)),
    ...(await killedAtAll('redis', [], run)),
    // what a Redis without a file has promised is gone with it
    ...(await killedAtAll('redis', ['--appendonly', 'no'], run)),
  ],
};

async function killedAtAll(victim: Victim, args: readonly string[], run: FaultRun): Promise<CaseRow[]> {
  const isControl = args.length > 0;
  const points = PATH_POINTS.filter(({ name }) =>
    isControl ? name === 'in the handler' : name.includes(run.figures.only),
  );
  const servers = await startServers({ useEnvironment: false, [victim]: { args } });
  try {
    const rows: CaseRow[] = [];
    for (let from = 0; from < points.length; from += AT_A_TIME) {
      rows.push(...(await killedUnder(victim, servers, points.slice(from, from + AT_A_TIME), run, isControl)));
      run.say(`${victim}, ${rows.length} of ${points.length} points: done`);
    }
    return rows;
  } finally {
    await servers.stop();
  }
}

async function killedUnder(
  victim: Victim,
  servers: Servers,
  points: readonly PathPoint[],
  { figures }: FaultRun,
  isControl: boolean,
): Promise<CaseRow[]> {
  const worlds = await Promise.all(points.map(() => FaultWorld.open(true, servers)));
  const recoveries: number[][] = points.map(() => []);
  try {
    for (let seed = figures.seed; seed < figures.seed + figures.seeds; seed++) {
      const scenes = await Promise.all(
        points.map((point, index) => enter(worlds[index] as FaultWorld, point, seed, isControl ? MANY : MESSAGES)),
      );
      const server = servers[victim] as ManagedServer;
      await server.kill();
      await server.start();
      const startedAt = performance.now();
      await Promise.all(
        scenes.map(async (scene, index) => {
          await leave(scene, isControl);
          recoveries[index]?.push(performance.now() - startedAt);
        }),
      );
    }
    return await Promise.all(
      points.map(({ name }, index) => {
        const what = isControl ? `control: ${victim} without a file, ${name}` : `${victim}, ${name}`;
        return rowFor(what, isControl, worlds[index] as FaultWorld, recoveries[index] ?? [], figures);
      }),
    );
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
  }
}

/** A worker that waits at the point. */
async function enter(world: FaultWorld, point: PathPoint, seed: number, messages: number): Promise<Scene> {
  const { name, dead = 0, bad = 0, nth, workMs, ...place } = point;
  const stream = await world.stream();
  await world.publish(stream, messages / 2);
  await world.publishBad(stream, bad);
  await world.publish(stream, messages / 2);
  if (dead > 0) await world.deadConsumer(stream, dead);
  const nthNow = new SeededRandom(seed).int(...nth);
  const settings: Partial<WorkerSettings> = {
    point: { ...place, nth: nthNow, action: 'wait' },
    ...(workMs ? { workMs } : {}),
  };
  const worker = await spawnWorker(world.settings(stream, settings));
  await atPoint(worker, `${name}, number ${nthNow} (seed ${seed})`);
  return { world, stream, worker };
}

async function leave({ world, stream, worker }: Scene, isControl: boolean): Promise<void> {
  try {
    worker.send({ goOn: true });
    // what is gone is not waited for
    if (isControl) await world.settled(stream, 500).catch(() => undefined);
    else await world.settled(stream);
    if (!worker.isRunning) throw new Error(`The worker ended: ${worker.lines.slice(-5).join(' | ')}`);
  } finally {
    await worker.kill();
  }
}

async function rowFor(
  what: string,
  isControl: boolean,
  world: FaultWorld,
  recoveries: readonly number[],
  figures: FaultFigures,
): Promise<CaseRow> {
  const faults = isControl ? [] : lateness(figures, recoveries, RESUMED_MS);
  const kills = recoveries.length;
  const findings = await world.audit();
  return rowOf(what, findings, {
    control: isControl ? 'lost' : undefined,
    seeds: kills,
    kills,
    messages: world.published,
    recoveries,
    faults,
  });
}

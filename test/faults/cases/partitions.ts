import { sleep } from '@safesync/core';
import { eventually, SeededRandom, TcpProxy, type WorkerProcess } from '@safesync/testing';
import { type CaseRow, type FaultCase, type FaultFigures, lateness, rowOf, rowsOf } from '../kit/fault-case.js';
import { FaultWorld } from '../kit/fault-world.js';
import { Load } from '../kit/load.js';
import type { MeasureRequest, WorkerReport } from '../kit/worker-settings.js';
import { startWorker } from '../kit/workers.js';

/** Longest from the end of the fault to the first message that is done again, in ms. */
const HEALED_MS = 10_000;
/** Of what is no garbage. */
const MOST_GROWTH = 50 * 1024 * 1024;

let measures = 0;
const LOOK_MS = 100;

type Server = 'redis' | 'mysql';

interface Weather {
  readonly name: string;
  /** Ends when the signal aborts. */
  readonly make: (proxy: TcpProxy, signal: AbortSignal, random: SeededRandom) => void | Promise<void>;
}

const WEATHERS: readonly Weather[] = [
  {
    name: 'refuses',
    make: (proxy) => {
      proxy.refuse();
      proxy.cut();
    },
  },
  { name: 'black hole', make: (proxy) => proxy.silence() },
  { name: 'requests lost', make: (proxy) => proxy.silence('requests') },
  { name: 'answers lost', make: (proxy) => proxy.silence('replies') },
  { name: '2 s late', make: (proxy) => proxy.delay(1_000) },
  { name: '1 byte a second', make: (proxy) => proxy.throttle(1) },
  { name: 'resets within frames', make: resets },
];

interface Partition extends Weather {
  readonly server: Server;
}

const MATRIX: readonly Partition[] = [
  ...WEATHERS.map((weather): Partition => ({ ...weather, name: `redis ${weather.name}`, server: 'redis' })),
  ...WEATHERS.map((weather): Partition => ({ ...weather, name: `mysql ${weather.name}`, server: 'mysql' })),
  { name: 'mysql COMMIT unanswered', server: 'mysql', make: (proxy, signal) => swallow(proxy, signal, /COMMIT/) },
  {
    name: 'redis XREADGROUP unanswered',
    server: 'redis',
    make: (proxy, signal) => swallow(proxy, signal, /xreadgroup/i),
  },
];

/** The network between a worker and one server is broken for a while, in every way; then it is mended. */
export const partitions: FaultCase = {
  name: 'partitions',
  title: 'the network to Redis or MySQL refuses, loses, delays or resets, under load',
  run: async (run) => {
    const rows = rowsOf(run, MATRIX, (one) => run.lanes.run(() => broken(one, run.figures, true)));
    const unanswered = MATRIX.find(({ name }) => name === 'mysql COMMIT unanswered') as Partition;
    return [...(await rows), await broken(unanswered, run.figures, false)];
  },
};

async function broken(partition: Partition, figures: FaultFigures, exactlyOnce: boolean): Promise<CaseRow> {
  const { name, server } = partition;
  const world = await FaultWorld.open(exactlyOnce);
  const stream = await world.stream();
  const urls: Record<Server, string> = { redis: world.redis.url, mysql: world.database.url };
  const proxy = await proxyTo(urls[server]);
  urls[server] = proxy.url(urls[server]);
  const settings = world.settings(stream, { redisUrl: urls.redis, databaseUrl: urls.mysql });
  const worker = await startWorker(settings, ['--expose-gc']);
  const load = new Load(world, stream);
  try {
    await world.hasDone(figures.messages / 2);
    const before = await heldBy(worker);
    await storm(proxy, partition, figures);
    const recoveries = [await healed(world, stream)];
    await load.stop();
    await world.settled(stream);
    const growth = (await heldBy(worker)) - before;
    const faults = [
      ...lateness(figures, recoveries, HEALED_MS),
      ...(growth > MOST_GROWTH ? [`memory grew by ${Math.round(growth / 1024 / 1024)} MB`] : []),
      ...(worker.isRunning ? [] : ['the worker ended']),
    ];
    const counts = {
      control: exactlyOnce ? undefined : ('doubled' as const),
      messages: world.published,
      recoveries,
      faults,
    };
    const what = exactlyOnce ? name : `control: ${name}, no inbox`;
    return rowOf(what, await world.audit(), counts);
  } finally {
    await load.stop();
    await worker.kill();
    await proxy.stop();
    await world.close();
  }
}

function proxyTo(url: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(url);
  return TcpProxy.start({ host: hostname, port: Number(port) });
}

async function storm(proxy: TcpProxy, { make }: Weather, { faultMs, seed }: FaultFigures): Promise<void> {
  const over = new AbortController();
  const making = make(proxy, over.signal, new SeededRandom(seed));
  await sleep(faultMs);
  over.abort();
  proxy.heal();
  // what was swallowed is missing on every connection that is still open
  proxy.cut();
  await making;
}

async function resets(proxy: TcpProxy, signal: AbortSignal, random: SeededRandom): Promise<void> {
  while (!signal.aborted) {
    const cut = proxy.cutAfter(random.int(1, 3_000), { direction: random.pick(['requests', 'replies']), reset: true });
    await Promise.race([cut, sleep(LOOK_MS)]);
    proxy.heal();
  }
}

/** One connection after the other asks and never hears. */
async function swallow(proxy: TcpProxy, signal: AbortSignal, request: RegExp): Promise<void> {
  while (!signal.aborted) await Promise.race([proxy.swallowReplyTo(request), sleep(LOOK_MS)]);
}

/** How long it takes until a message that is published now is done, in ms. */
async function healed(world: FaultWorld, stream: string): Promise<number> {
  const startedAt = performance.now();
  const [marker] = await world.publish(stream, 1);
  const isDone = async (): Promise<boolean> => marker !== undefined && (await world.hasEffect(marker));
  await eventually(isDone, { what: 'a message published after the fault is done', withinMs: 60_000 });
  return performance.now() - startedAt;
}

/** What the worker holds, garbage left out, in bytes. */
async function heldBy(worker: WorkerProcess): Promise<number> {
  const measure = ++measures;
  worker.send({ measure });
  const isIt = (report: unknown): report is Extract<WorkerReport, { measure: number }> =>
    (report as Partial<MeasureRequest>).measure === measure;
  return (await worker.message(isIt, `measure ${measure}`, 60_000)).heldBytes;
}

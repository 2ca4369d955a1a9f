import { eventually, type WorkerProcess } from '@safesync/testing';
import { upTo } from './handler-world.js';
import { disordered, isEntered, OrderWorld } from './order-world.js';

let world: OrderWorld;
beforeAll(async () => {
  world = await OrderWorld.open();
});
beforeEach(() => world.reset());
afterEach(() => world.closeApps());
afterAll(() => world?.close());

const KEYS = 50;
const PER_KEY = 200;

/** All messages of all keys, the keys in turn. */
async function publishAll(): Promise<void> {
  const { redis, stream } = world.handlers;
  for (const n of upTo(PER_KEY)) {
    const pipeline = redis.client.pipeline();
    for (const key of upTo(KEYS)) {
      pipeline.xadd(stream, '*', 'data', JSON.stringify({ n, __safesync: { key: `k${key}` } }));
    }
    await pipeline.exec();
  }
}

const activeOf = async (): Promise<string | null> => {
  const { redis, stream, group } = world.handlers;
  return redis.client.get(`${stream}:active:${group}`);
};

const isActive = async (worker: WorkerProcess): Promise<boolean> =>
  (await activeOf())?.includes(`-${worker.pid}-`) ?? false;

async function activeAmong(
  workers: readonly WorkerProcess[],
): Promise<[active: WorkerProcess, standby: WorkerProcess]> {
  const [first, second] = workers as [WorkerProcess, WorkerProcess];
  await eventually(async () => (await activeOf()) !== null, { what: 'an active consumer' });
  return (await isActive(first)) ? [first, second] : [second, first];
}

const done = (withinMs = 90_000) =>
  eventually(async () => (await world.count()) === KEYS * PER_KEY, { what: 'all effects', withinMs, everyMs: 50 });

describe('Q-5 messages of a key', () => {
  it('keep their order through failures and the kill of the active process, and none is missing', async () => {
    const handler = world.options({ concurrency: 8, orderOnFailure: 'skip', maxDeliveries: 1_000 });
    const workers = await Promise.all(upTo(2).map(() => world.startWorker(handler, { failing: 0.03 })));
    const [active] = await activeAmong(workers);
    await publishAll();
    await eventually(async () => (await world.count()) > (KEYS * PER_KEY) / 3, { what: 'a third', withinMs: 60_000 });
    await active.kill();
    await done();
    const effects = await world.effects();
    expect(disordered(effects)).toEqual([]);
    expect(Object.values(effects).map((numbers) => numbers.length)).toEqual(upTo(KEYS).map(() => PER_KEY));
    await world.handlers.nothingPending();
  }, 200_000);

  it('control: without orderBy they do not', async () => {
    const { orderBy: _, ...unordered } = world.options({ concurrency: 8, maxDeliveries: 1_000 });
    await Promise.all(upTo(2).map(() => world.startWorker(unordered, { failing: 0.03 })));
    await publishAll();
    await done();
    expect(disordered(await world.effects())).not.toEqual([]);
  }, 200_000);

  it('are handled by one process, while another stands by and takes over at once when it leaves', async () => {
    const handler = world.options({ livenessMs: 600_000 });
    const workers = await Promise.all(upTo(2).map(() => world.startWorker(handler)));
    const [active, standby] = await activeAmong(workers);
    await world.add('a', 1);
    await eventually(async () => (await world.count()) === 1, { what: 'the first effect' });
    expect(await isActive(active)).toBe(true);
    await active.kill('SIGTERM');
    await world.add('a', 2);
    await eventually(async () => (await world.count()) === 2, { what: 'the second effect' });
    expect(await isActive(standby)).toBe(true);
  });
});

describe('a message that kills its process', () => {
  it('is given up after its deliveries and blocks its key, while the others go on', async () => {
    const handler = world.options({ maxDeliveries: 3, concurrency: 4 });
    const { redis, stream, group } = world.handlers;
    for (const n of [1, 2]) await world.add('a', n);
    const runs: WorkerProcess[] = [];
    for (let round = 0; round < 3; round += 1) {
      const worker = await world.startWorker(handler, { dieIn: 1 });
      expect((await worker.exit()).code).toBe(13);
      runs.push(worker);
    }
    await world.add('b', 3);
    await world.startWorker(handler, { dieIn: 1 });
    await eventually(async () => (await redis.client.hlen(`${stream}:blocked:${group}`)) === 1, { what: 'blocked' });
    await eventually(async () => (await world.count()) === 1, { what: 'the effect of another key' });
    expect(await world.effects()).toEqual({ b: [3] });
    expect(runs.map(({ messages }) => messages.filter(isEntered(1)).length)).toEqual([1, 1, 1]);
    // that of the other key is acknowledged a moment later
    await eventually(async () => (await world.handlers.pending()).length === 2, {
      what: 'the blocked ones are pending',
    });
  });
});

describe('an active process that stands still for longer than it may', () => {
  it('commits nothing more and starts nothing more when it wakes up', async () => {
    const handler = world.options();
    const first = await world.startWorker(handler, { waitIn: 1 });
    for (const n of [1, 2, 3]) await world.add('a', n);
    await first.message(isEntered(1), 'entered 1');
    process.kill(first.pid, 'SIGSTOP');
    const second = await world.startWorker(handler, { waitIn: 2 });
    await second.message(isEntered(1), 'entered 1');
    first.send({ wake: true });
    process.kill(first.pid, 'SIGCONT');
    await first.line('is not held any more');
    await second.message(isEntered(2), 'entered 2');
    expect(first.messages.some(isEntered(2))).toBe(false);
    second.send({ go: true });
    await eventually(async () => (await world.count()) === 3, { what: 'all effects' });
    expect(await world.effects()).toEqual({ a: [1, 2, 3] });
    expect(first.messages.some(isEntered(2))).toBe(false);
    expect(await isActive(second)).toBe(true);
  });

  it('cannot commit what it ran even if nobody else was active meanwhile: it runs again', async () => {
    const only = await world.startWorker(world.options(), { waitIn: 1 });
    await world.add('a', 1);
    await only.message(isEntered(1), 'entered 1');
    process.kill(only.pid, 'SIGSTOP');
    await eventually(async () => (await activeOf()) === null, { what: 'nobody is active' });
    process.kill(only.pid, 'SIGCONT');
    await eventually(() => only.messages.filter(isEntered(1)).length === 2, { what: 'a second run' });
    only.send({ go: true });
    await only.line('is not held any more');
    const isDone = async (): Promise<boolean> => {
      // on a busy machine it may have stood still once more, and wait in a third run
      only.send({ go: true });
      return (await world.count()) === 1;
    };
    await eventually(isDone, { what: 'the effect' });
    await world.handlers.nothingPending();
  });

  it('control: awake it goes on by itself', async () => {
    const first = await world.startWorker(world.options(), { waitIn: 1 });
    for (const n of [1, 2]) await world.add('a', n);
    await first.message(isEntered(1), 'entered 1');
    first.send({ wake: true });
    await first.message(isEntered(2), 'entered 2');
  });
});

import { type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TestSignal, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { effect, HandlerWorld, handlerOf, upTo } from './handler-world.js';
import type { WorkerMode, WorkerReport, WorkerSettings } from './programs/handler-worker.js';

let world: HandlerWorld;
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  world = await HandlerWorld.open();
});
beforeEach(() => world.reset());
afterEach(async () => {
  for (const worker of workers.splice(0)) if (worker.isRunning) await worker.kill();
  await world.closeApps();
});
afterAll(() => world?.close());

/** Only liveness brings a message back: nothing gets old enough to be claimed from a living consumer. */
const quick = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => ({
  stream: world.stream,
  group: world.group,
  claimIdleMs: 900_000,
  claimIntervalMs: 100,
  livenessMs: 1_000,
  ...more,
});

async function startWorker(mode: WorkerMode, handler: StreamHandlerOptions): Promise<WorkerProcess> {
  const settings: WorkerSettings = { databaseUrl: world.database.url, redisUrl: world.redis.url, handler, mode };
  const program = compiledProgram('queue/programs/handler-worker');
  const worker = await WorkerProcess.spawn(program, { env: { WORKER: JSON.stringify(settings) } });
  workers.push(worker);
  await worker.message((report): report is WorkerReport => 'ready' in (report as WorkerReport), 'ready');
  return worker;
}

const entered = (worker: WorkerProcess, n: number) =>
  worker.message((report): report is WorkerReport => (report as { entered?: number }).entered === n, `entered ${n}`);
const add = (n: number) => world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n })) as Promise<string>;

describe('a process that is killed', () => {
  it('in its handlers leaves nothing behind: the messages are handled by another, soon', async () => {
    const worker = await startWorker('hang', quick({ concurrency: 3 }));
    for (const n of upTo(8)) await add(n);
    for (const n of upTo(3)) await entered(worker, n);
    await worker.kill();
    await world.boot(handlerOf(quick(), effect));
    await world.settled(upTo(8));
  });

  it('between commit and acknowledgement: its message is delivered once more, which only idempotent work survives', async () => {
    const worker = await startWorker('die-after-commit', quick());
    await add(1);
    await worker.exit();
    expect([await world.effects(), (await world.pending()).length]).toEqual([[1], 1]);
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(quick(), async (message, session, { deliveryCount }) => {
        counts.emit(deliveryCount);
        await effect(message, session);
      }),
    );
    expect(await counts.next()).toBe(2);
    await world.settled([1, 1]);
  });

  it('is claimed from by one of several, not by all', async () => {
    const worker = await startWorker('hang', quick({ concurrency: 4 }));
    for (const n of upTo(4)) await add(n);
    for (const n of upTo(4)) await entered(worker, n);
    await worker.kill();
    for (const _ of upTo(3)) await world.boot(handlerOf(quick({ concurrency: 2 }), effect));
    await world.settled(upTo(4));
  });

  it('and started again under its own name takes up what it held, without waiting to be dead', async () => {
    const named = quick({ consumer: 'stable', livenessMs: 600_000, concurrency: 2 });
    const worker = await startWorker('hang', named);
    for (const n of upTo(4)) await add(n);
    for (const n of upTo(2)) await entered(worker, n);
    await worker.kill();
    await world.boot(handlerOf(named, effect));
    await world.settled(upTo(4));
  });
});

describe('a process that sleeps for longer than it may', () => {
  it('loses its message, and cannot commit it when it wakes up', async () => {
    const worker = await startWorker('wait', quick());
    await add(1);
    await entered(worker, 1);
    process.kill(worker.pid, 'SIGSTOP');
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(quick(), async (message, session, { deliveryCount }) => {
        counts.emit(deliveryCount);
        await effect(message, session);
      }),
    );
    expect(await counts.next()).toBe(2);
    await world.settled([1]);
    worker.send({ wake: true });
    process.kill(worker.pid, 'SIGCONT');
    await worker.line('is not held any more');
    expect(await world.effects()).toEqual([1]);
  });

  it('the control: awake, it commits', async () => {
    const worker = await startWorker('wait', quick());
    await add(1);
    await entered(worker, 1);
    worker.send({ wake: true });
    await world.settled([1]);
  });
});

describe('a process that lives', () => {
  it('keeps its message however slow it is; the control: killed, it loses it', async () => {
    const worker = await startWorker('hang', quick());
    await add(1);
    await entered(worker, 1);
    await world.boot(handlerOf(quick(), effect));
    // the other one has looked for stale messages for twice as long as it takes to be dead
    await lookedFor(2_000);
    expect([await world.effects(), (await world.pending()).length]).toEqual([[], 1]);
    await worker.kill();
    await world.settled([1]);
  });

  it('keeps what runs, what it has read ahead and what waits for a retry beyond claimIdleMs, too', async () => {
    const handler = quick({ claimIdleMs: 1_000, concurrency: 2 });
    const release = new TestSignal('handler may go on');
    const waiting = new TestSignal('waits for its retry');
    await world.boot(
      handlerOf(handler, async (message, session, context) => {
        if (message.payload.n === 1 && context.attempt === 1) {
          waiting.emit(undefined);
          return context.retry({ delayMs: 2_500 });
        }
        if (message.payload.n < 4) await release.next();
        return effect(message, session);
      }),
    );
    for (const n of [1, 2, 3, 4]) await add(n);
    await waiting.next();
    let stolen = 0;
    await world.boot(
      handlerOf(handler, async () => {
        stolen += 1;
      }),
    );
    await lookedFor(2_000);
    expect([await world.effects(), stolen]).toEqual([[], 0]);
    for (const _ of [1, 2, 3]) release.emit(undefined);
    await world.settled([1, 2, 3, 4]);
    expect(stolen).toBe(0);
  });
});

/** Entries that another kind of client holds, one without signs of life. */
describe('a consumer without signs of life', () => {
  it('keeps its message for claimIdleMs, and no longer', async () => {
    await world.redis.client.xgroup('CREATE', world.stream, 'g', '0', 'MKSTREAM');
    await add(1);
    await world.redis.client.xreadgroup('GROUP', 'g', 'python', 'COUNT', 1, 'STREAMS', world.stream, '>');
    const patient = await world.boot(handlerOf(quick(), effect));
    await lookedFor(1_000);
    expect(await world.effects()).toEqual([]);
    await patient.close();
    await world.boot(handlerOf(quick({ claimIdleMs: 1_000 }), effect));
    await world.settled([1]);
  });
});

/** Waits until a consumer of the group has shown itself alive, and with that claimed, for this long from now. */
async function lookedFor(ms: number): Promise<void> {
  const lastSign = async (): Promise<number> => {
    const [, score = '0'] = await world.redis.client.zrevrange(`${world.stream}:alive:g`, 0, 0, 'WITHSCORES');
    return Number(score);
  };
  const start = await eventually(lastSign, { what: 'a sign of life' });
  await eventually(async () => (await lastSign()) >= start + ms, { what: `signs of life for ${ms} ms` });
}

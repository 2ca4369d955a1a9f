import { MESSAGES_LOST, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TestSignal, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';
import type { WorkerSettings } from './programs/handler-worker.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const quick = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => ({
  stream: world.stream,
  group: world.group,
  claimIdleMs: 900_000,
  claimIntervalMs: 100,
  livenessMs: 1_000,
  ...more,
});
const add = (n: number) => world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n })) as Promise<string>;

/** Runs workers one after the other, each until it dies, until every message is handled or a dead letter. */
async function workersUntilDone(messages: number, handler: StreamHandlerOptions): Promise<number> {
  const settings: WorkerSettings = {
    databaseUrl: world.database.url,
    redisUrl: world.redis.url,
    handler,
    mode: 'die-of-13',
  };
  const isDone = async (): Promise<boolean> =>
    new Set(await world.effects()).size + (await world.deadLetters()).length === messages;
  for (let deaths = 0; ; deaths++) {
    const program = compiledProgram('queue/programs/handler-worker');
    const worker = await WorkerProcess.spawn(program, { env: { WORKER: JSON.stringify(settings) } });
    await eventually(async () => !worker.isRunning || (await isDone()), {
      what: 'death or an end',
      withinMs: 30_000,
    });
    if (!worker.isRunning) continue;
    await world.nothingPending();
    await worker.kill();
    return deaths;
  }
}

describe('a message that kills the process that handles it', () => {
  it('ends in the dead letters after maxDeliveries, and takes no neighbour along', async () => {
    for (const n of upTo(30)) await add(n);
    const deaths = await workersUntilDone(30, quick({ concurrency: 4, maxDeliveries: 4 }));
    expect(deaths).toBe(4);
    expect(await world.deadLetters()).toEqual([
      expect.objectContaining({
        data: '{"n":13}',
        reason: 'max_deliveries',
        deliveries: 5,
        error: expect.objectContaining({ code: 'DELIVERIES_EXHAUSTED' }),
      }),
    ]);
    // some of those that it died with were committed and not acknowledged yet: handled twice, lost never
    expect(new Set(await world.effects())).toEqual(new Set(upTo(30).filter((n) => n !== 13)));
  }, 60_000);

  it('the control: with a single delivery allowed nobody can be tried alone, and neighbours share its fate', async () => {
    for (const n of [13, 14, 15, 16]) await add(n);
    const deaths = await workersUntilDone(4, quick({ concurrency: 4, maxDeliveries: 1 }));
    expect([deaths, (await world.deadLetters()).length > 1]).toEqual([1, true]);
  }, 60_000);
});

/** Entries of a consumer that died, delivered that often. */
async function leftBy(consumer: string, deliveries: readonly number[]): Promise<void> {
  const { client } = world.redis;
  await client.xgroup('CREATE', world.stream, 'g', '0', 'MKSTREAM');
  for (const [n, count] of deliveries.entries()) {
    const id = await add(n);
    await client.xreadgroup('GROUP', 'g', consumer, 'COUNT', 1, 'STREAMS', world.stream, '>');
    await client.xclaim(world.stream, 'g', consumer, 0, id, 'RETRYCOUNT', count, 'JUSTID');
  }
  await client.zadd(`${world.stream}:alive:g`, 0, consumer);
}

describe('an entry that was delivered often without an end', () => {
  it('runs alone; the others run together', async () => {
    await leftBy('dead', [3, 1, 5, 1, 1]);
    const running = new Set<number>();
    const company = new Map<number, number>();
    const noteCompany = (): void => {
      for (const n of running) company.set(n, Math.max(company.get(n) ?? 0, running.size));
    };
    await world.boot(
      handlerOf(quick({ concurrency: 4 }), async (message, session) => {
        running.add(message.payload.n);
        noteCompany();
        await session.execute('DO SLEEP(0.05)');
        noteCompany();
        running.delete(message.payload.n);
        await effect(message, session);
      }),
    );
    for (const n of upTo(20).slice(5)) await add(n);
    await world.settled(upTo(20));
    expect([company.get(0), company.get(2)]).toEqual([1, 1]);
    expect(Math.max(...company.values())).toBeGreaterThan(1);
  });

  it('does so among the own entries after a restart, too: one is read at a time', async () => {
    await leftBy('stable', [3, 1, 3, 1]);
    const started: [number, number][] = [];
    const running = new Set<number>();
    await world.boot(
      handlerOf(quick({ consumer: 'stable', concurrency: 4 }), async (message, session) => {
        running.add(message.payload.n);
        started.push([message.payload.n, running.size]);
        await session.execute('DO SLEEP(0.05)');
        running.delete(message.payload.n);
        await effect(message, session);
      }),
    );
    await world.settled(upTo(4));
    const company = new Map(started);
    expect([company.get(0), company.get(2)]).toEqual([1, 1]);
  });

  it('that fails in its handler is an ordinary failure from then on', async () => {
    await leftBy('dead', [3]);
    const attempts = new TestSignal<number>('attempt');
    await world.boot(
      handlerOf(quick({ retry: { baseMs: 1, maxMs: 2 } }), async (message, session, { attempt, deliveryCount }) => {
        attempts.emit(deliveryCount);
        if (attempt < 3) throw new Error('no');
        await effect(message, session);
      }),
    );
    await world.settled([0]);
    expect([await attempts.next(), await attempts.next(), await attempts.next()]).toEqual([4, 5, 6]);
  });
});

describe('an entry whose content is gone', () => {
  it('was trimmed while its consumer was dead: counted, logged and not left pending', async () => {
    await leftBy('dead', [1, 1]);
    const [first] = await world.pending();
    await world.redis.client.xdel(world.stream, first as string);
    await world.boot(handlerOf(quick(), effect));
    await world.settled([1]);
    const labels = { stream: world.stream, group: 'g', reason: 'trimmed' };
    expect(world.metrics.total(MESSAGES_LOST, labels)).toBe(1);
    expect(world.log).toContainEqual(
      expect.stringContaining(`Entry ${first} of stream "${world.stream}", group "g" is lost`),
    );
  });

  it('was deleted while it waited for its retry', async () => {
    const failed = new TestSignal<string>('failed');
    await world.boot(
      handlerOf(quick(), async (message, _session, context) => {
        failed.emit(message.entryId);
        return context.retry({ delayMs: 500 });
      }),
    );
    await add(1);
    await world.redis.client.xdel(world.stream, await failed.next());
    await world.nothingPending();
    const labels = { stream: world.stream, group: 'g', reason: 'trimmed' };
    await eventually(() => world.metrics.total(MESSAGES_LOST, labels) === 1, { what: 'counted as lost' });
    expect(failed.count).toBe(1);
  });
});

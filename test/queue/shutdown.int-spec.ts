import { ConsumerRegistry, type DrainReport, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TestSignal, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';
import type { WorkerReport, WorkerSettings } from './programs/handler-worker.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

/** Nothing comes back but what was given back: no claim of living or of dead consumers. */
const patient = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => {
  return {
    stream: world.stream,
    group: world.group,
    blockMs: 600_000,
    claimIdleMs: 900_000,
    livenessMs: 900_000,
    ...more,
  };
};
const add = (n: number) => world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n })) as Promise<string>;
const consumers = async (): Promise<string[]> =>
  ((await world.redis.client.xinfo('CONSUMERS', world.stream, 'g')) as string[][]).map((row) => row[1] as string);

describe('closing the application', () => {
  it('lets what is in progress end, gives back at once what was not started, and fetches nothing more', async () => {
    const entered = new TestSignal('handler entered');
    const release = new TestSignal('handlers may end');
    const app = await world.boot(
      handlerOf(patient({ concurrency: 2 }), async (message, session) => {
        entered.emit(undefined);
        await release.next();
        await effect(message, session);
      }),
    );
    await world.publish(app, ...upTo(10));
    for (const _ of upTo(2)) await entered.next();
    await eventually(async () => (await world.pending()).length === 4, { what: 'two running, two read ahead' });
    const closed = app.close();
    // given back means claimable by anybody at once, and as often delivered as before
    const unstarted = await eventually(
      async () => {
        const rows = (await world.redis.client.xpending(
          world.stream,
          'g',
          'IDLE',
          600_000,
          '-',
          '+',
          10,
        )) as unknown[][];
        return rows.length === 2 && rows;
      },
      { what: 'unstarted ones given back' },
    );
    expect(unstarted.map((row) => row[3])).toEqual([0, 0]);
    expect(entered.count).toBe(2);
    for (const _ of upTo(2)) release.emit(undefined);
    await closed;
    expect(await world.effects()).toHaveLength(2);
    expect(await world.pending()).toHaveLength(2);
    expect(world.log).toContainEqual(
      'Handler.on stopped: 2 finished, 2 given back, 0 unacknowledged, 0 still running.',
    );
    // another process finds all of it: marked dead, whatever livenessMs says
    await world.boot(handlerOf(patient({ concurrency: 2 }), effect));
    await world.settled(upTo(10));
  });

  it('ends a read that waits, without waiting for its end, and leaves the group', async () => {
    const app = await world.boot(handlerOf(patient(), effect));
    await world.publish(app, 1);
    await world.settled([1]);
    await app.close();
    expect(await consumers()).toEqual([]);
    expect(await world.redis.client.exists(`${world.stream}:alive:g`)).toBe(0);
  });

  it('rolls back what does not end within drainMs, and gives it back', async () => {
    const entered = new TestSignal<AbortSignal>('handler entered');
    const app = await world.boot(
      handlerOf(patient(), async (message, session, { signal }) => {
        await effect(message, session);
        entered.emit(signal);
        await new Promise(() => undefined);
      }),
      { queue: { connections: world.redis.url, drainMs: 100 } },
    );
    await add(1);
    const signal = await entered.next();
    await app.close();
    expect([signal.aborted, await world.effects()]).toEqual([true, []]);
    expect(world.log).toContainEqual(
      'Handler.on stopped: 0 finished, 1 given back, 0 unacknowledged, 0 still running.',
    );
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(patient(), async (message, session, { deliveryCount }) => {
        counts.emit(deliveryCount);
        await effect(message, session);
      }),
    );
    expect(await counts.next()).toBe(1);
    await world.settled([1]);
  });

  it('leaves what waits for a retry to the others, its failures counted', async () => {
    const failed = new TestSignal('failed');
    const app = await world.boot(
      handlerOf(patient(), async (_message, _session, context) => {
        failed.emit(undefined);
        return context.retry({ delayMs: 600_000 });
      }),
    );
    await add(1);
    await failed.next();
    await app.close();
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(patient(), async (message, session, { deliveryCount }) => {
        counts.emit(deliveryCount);
        await effect(message, session);
      }),
    );
    expect(await counts.next()).toBe(2);
    await world.settled([1]);
  });

  it('counts what fails during the drain once', async () => {
    const entered = new TestSignal('handler entered');
    const release = new TestSignal('handler may end');
    const app = await world.boot(
      handlerOf(patient(), async () => {
        entered.emit(undefined);
        await release.next();
        throw new Error('failed during the drain');
      }),
    );
    await add(1);
    await entered.next();
    const stopped = app.get(ConsumerRegistry).stop();
    release.emit(undefined);
    expect(await stopped).toMatchObject([{ finished: 0, givenBack: 1, unacknowledged: 0, stillRunning: 0 }]);
    expect(await world.pending()).toHaveLength(1);
  });

  it('under load: nothing lost, nothing doubled, wherever it falls', async () => {
    const numbers = upTo(600);
    let current = await world.boot(handlerOf(patient({ concurrency: 8 }), effect));
    await world.publish(current, ...numbers);
    for (const share of [50, 150, 250, 350]) {
      await eventually(async () => (await world.effects()).length >= share, { what: `${share} effects` });
      const next = world.boot(handlerOf(patient({ concurrency: 8 }), effect));
      await current.close();
      current = await next;
    }
    await world.settled(numbers);
  });

  it('is the same again when it is repeated, or before anything was started', async () => {
    const app = await world.build(handlerOf(patient(), effect));
    await app.close();
    await expect(app.get(ConsumerRegistry).stop()).resolves.toEqual([]);
  });
});

describe('ConsumerRegistry', () => {
  it('stops, says what was left, and starts again', async () => {
    const app = await world.boot(handlerOf(patient(), effect));
    const registry = app.get(ConsumerRegistry);
    const [first, second] = await Promise.all([registry.stop(), registry.stop()]);
    const report: DrainReport = {
      handler: 'Handler.on',
      stream: world.stream,
      group: 'g',
      consumer: expect.any(String) as string,
      finished: 0,
      givenBack: 0,
      unacknowledged: 0,
      stillRunning: 0,
    };
    expect(first).toEqual([report]);
    expect(second).toBe(first);
    await add(1);
    await registry.start();
    await registry.start();
    await world.settled([1]);
    expect(await consumers()).toHaveLength(1);
    await registry.stop();
    await registry.start();
    await add(2);
    await world.settled([1, 2]);
  });

  it('gives a stop its own time', async () => {
    const entered = new TestSignal('handler entered');
    const app = await world.boot(
      handlerOf(patient(), async () => {
        entered.emit(undefined);
        await new Promise(() => undefined);
      }),
    );
    await add(1);
    await entered.next();
    const [report] = await app.get(ConsumerRegistry).stop(0);
    expect(report).toMatchObject({ finished: 0, givenBack: 1 });
  });
});

describe('a process that gets SIGTERM', () => {
  it('under load drains and exits by itself; another takes up the rest', async () => {
    const settings: WorkerSettings = {
      databaseUrl: world.database.url,
      redisUrl: world.redis.url,
      handler: patient({ concurrency: 4 }),
      mode: 'work',
    };
    const program = compiledProgram('queue/programs/handler-worker');
    const worker = await WorkerProcess.spawn(program, { env: { WORKER: JSON.stringify(settings) } });
    const numbers = upTo(400);
    for (const n of numbers) await add(n);
    await worker.message(
      (report): report is WorkerReport => (report as { entered?: number }).entered === 50,
      'entered 50',
    );
    const { code, signal } = await worker.kill('SIGTERM');
    expect([code, signal]).toEqual([null, 'SIGTERM']);
    expect(worker.lines).toEqual([]);
    const done = await world.effects();
    expect(done.length).toBeGreaterThanOrEqual(50);
    await world.boot(handlerOf(patient({ concurrency: 4 }), effect));
    await world.settled(numbers);
  });
});

import { LEASES_LOST, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TcpProxy, TestSignal, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { effect, type HandlerWorld, handlerOf, useHandlerWorld } from './handler-world.js';
import type { WorkerReport, WorkerSettings } from './programs/handler-worker.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const CLAIM_IDLE_MS = 300;
/** Only idleness brings a message back: nobody counts as dead. */
const options = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => ({
  stream: world.stream,
  group: world.group,
  claimIdleMs: CLAIM_IDLE_MS,
  claimIntervalMs: 30,
  livenessMs: 600_000,
  ...more,
});
const add = (n: number) => world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n })) as Promise<string>;

describe('a handler that runs for five times claimIdleMs', () => {
  it('keeps its message: no other instance gets it, and it commits once', async () => {
    const seconds = (5 * CLAIM_IDLE_MS) / 1_000;
    const runs: number[] = [];
    const handler = handlerOf(options({ handlerTimeoutMs: 60_000 }), async (message, session, context) => {
      runs.push(context.deliveryCount);
      await session.execute(`DO SLEEP(${seconds})`);
      await effect(message, session);
    });
    await world.boot(handler);
    await world.boot(handler);
    await add(1);
    await world.settled([1]);
    expect([runs, world.metrics.total(LEASES_LOST, { stream: world.stream, group: 'g' })]).toEqual([[1], undefined]);
  });

  it('control: with renewal cut off it is claimed, and what it did is not committed', async () => {
    const { hostname, port } = new URL(world.redis.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    const entered = new TestSignal<number>('entered');
    const release = new TestSignal('may end');
    const slow = handlerOf(options(), async (message, session) => {
      await effect(message, session);
      entered.emit(message.payload.n);
      await release.next();
    });
    await world.boot(slow, { queue: { connections: proxy.url(world.redis.url) } });
    await add(1);
    await entered.next();
    proxy.silence();
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(options(), async (_message, session, { deliveryCount }) => {
        await session.execute('INSERT INTO effects (n) VALUES (2)');
        counts.emit(deliveryCount);
      }),
    );
    expect(await counts.next()).toBe(2);
    proxy.heal();
    proxy.cut();
    release.emit(undefined);
    const lost = () => world.metrics.total(LEASES_LOST, { stream: world.stream, group: 'g' }) === 1;
    await eventually(lost, { what: 'a lost lease', withinMs: 20_000 });
    await world.nothingPending();
    expect(await world.effects()).toEqual([2]);
    await world.closeApps();
    await proxy.stop();
  });
});

describe('a handler that blocks the event loop', () => {
  it('for three times livenessMs may be run elsewhere meanwhile: what it wrote is not committed, or is there once', async () => {
    await world.database.pool.query('CREATE TABLE IF NOT EXISTS once (n INT PRIMARY KEY)');
    await world.database.pool.query('DELETE FROM once');
    const handler = options({ livenessMs: 200, claimIntervalMs: 50, claimIdleMs: 900_000 });
    const settings: WorkerSettings = {
      databaseUrl: world.database.url,
      redisUrl: world.redis.url,
      handler,
      mode: 'block-600',
    };
    const program = compiledProgram('queue/programs/handler-worker');
    const worker = await WorkerProcess.spawn(program, { env: { WORKER: JSON.stringify(settings) } });
    await worker.message((report): report is WorkerReport => 'ready' in (report as WorkerReport), 'ready');
    await add(1);
    const blocked = (report: unknown): report is WorkerReport => (report as { entered?: number }).entered === 1;
    await worker.message(blocked, 'entered');
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(handler, async (message, session, { deliveryCount }) => {
        counts.emit(deliveryCount);
        await session.execute('INSERT IGNORE INTO once (n) VALUES (:n)', { n: message.payload.n });
      }),
    );
    expect(await counts.next()).toBe(2);
    await worker.line('is not held any more');
    await world.nothingPending();
    expect(await world.database.rows('SELECT n FROM once')).toHaveLength(1);
    await worker.kill();
  });
});

describe('a handler that ignores its signal', () => {
  it('is run again when it has really ended, not beside itself', async () => {
    const release = new TestSignal('may end');
    const runs: string[] = [];
    await world.boot(
      handlerOf(
        options({ handlerTimeoutMs: 50, claimIdleMs: 60_000, retry: { baseMs: 1, maxMs: 2 } }),
        async (message, session, { deliveryCount }) => {
          const { n } = message.payload;
          runs.push(`${n} begins`);
          if (n === 1 && deliveryCount === 1) await release.next();
          runs.push(`${n} ends`);
          await effect(message, session);
        },
      ),
    );
    await add(1);
    await eventually(() => world.log.find((line) => line.includes('ignores its signal')), { what: 'log line' });
    // its neighbour has the slot meanwhile
    await add(2);
    await eventually(async () => (await world.effects()).length === 1, { what: 'effect of the neighbour' });
    release.emit(undefined);
    await world.settled([1, 2]);
    expect(runs).toEqual(['1 begins', '2 begins', '2 ends', '1 ends', '1 begins', '1 ends']);
  });

  it('control: and never ends, is run again after claimIdleMs all the same', async () => {
    const counts = new TestSignal<number>('delivery count');
    await world.boot(
      handlerOf(
        options({ handlerTimeoutMs: 50, retry: { baseMs: 1, maxMs: 2 } }),
        async (message, session, { deliveryCount }) => {
          counts.emit(deliveryCount);
          if (deliveryCount === 1) await new Promise(() => undefined);
          await effect(message, session);
        },
      ),
    );
    await add(1);
    expect([await counts.next(), await counts.next()]).toEqual([1, 2]);
    await world.settled([1]);
  });
});

import { DELIVERIES, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, type Servers, startServers, TcpProxy, TestSignal } from '@safesync/testing';
import { effect, HandlerWorld, handlerOf, upTo } from './handler-world.js';

let servers: Servers;
let world: HandlerWorld;
beforeAll(async () => {
  servers = await startServers({ redis: false, useEnvironment: false });
  // this file's own: the database that is killed is not the one that other files use
  process.env.MYSQL_URL = servers.mysqlUrl;
  world = await HandlerWorld.open();
}, 120_000);
beforeEach(() => world.reset());
afterEach(() => world.closeApps());
afterAll(async () => {
  await world?.close();
  await servers?.stop();
});

// a single delivery allowed: whatever is counted wrongly ends in the dead letters
const strict = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => {
  return { stream: world.stream, group: world.group, maxDeliveries: 1, ...more };
};
const outcome = (kind: string) => world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: kind });

describe('a database that is killed', () => {
  it('under running handlers: all wait, and go on by themselves without a delivery counted', async () => {
    const entered = new TestSignal('handler entered');
    const release = new TestSignal('handler may go on');
    const counts = new Set<number>();
    const app = await world.boot(
      handlerOf(strict({ concurrency: 4 }), async (message, session, { attempt, deliveryCount }) => {
        counts.add(deliveryCount);
        if (attempt === 1 && message.payload.n < 4) {
          entered.emit(undefined);
          await release.next();
        }
        await effect(message, session);
      }),
    );
    await world.publish(app, ...upTo(20));
    for (const _ of upTo(4)) await entered.next();
    await servers.mysql?.kill();
    for (const _ of upTo(4)) release.emit(undefined);
    await eventually(() => world.log.find((line) => line.includes('handlers wait until it answers')), {
      what: 'log line',
    });
    await eventually(() => outcome('awaitDatabase') === 4, { what: 'four that wait' });
    // nothing is started on a database that is away
    expect(outcome('done')).toBeUndefined();
    await servers.mysql?.start();
    await world.settled(upTo(20), 20_000);
    expect([await world.deadLetters(), [...counts]]).toEqual([[], [1]]);
    expect(world.log).toContainEqual('Database "default": answers again, handlers go on');
  });

  it('while nothing runs: what is published meanwhile is handled when it is back', async () => {
    const app = await world.boot(handlerOf(strict({ concurrency: 2 }), effect));
    await world.publish(app, 1);
    await world.settled([1]);
    await servers.mysql?.kill();
    await world.publish(app, 2, 3, 4, 5, 6);
    await eventually(() => world.log.find((line) => line.includes('handlers wait until it answers')), {
      what: 'log line',
    });
    await servers.mysql?.start();
    await world.settled(upTo(7).slice(1), 20_000);
    expect(await world.deadLetters()).toEqual([]);
  });

  it('and stays away while the process stops: what waited for it is given back', async () => {
    const app = await world.boot(handlerOf(strict({ concurrency: 2 }), effect));
    await servers.mysql?.kill();
    await world.publish(app, 1, 2, 3);
    await eventually(() => world.log.find((line) => line.includes('handlers wait until it answers')), {
      what: 'log line',
    });
    await app.close();
    await servers.mysql?.start();
    await world.boot(handlerOf(strict(), effect));
    await world.settled([1, 2, 3], 20_000);
    expect(await world.deadLetters()).toEqual([]);
  });
});

describe('a database that only one process cannot reach', () => {
  it('costs that process its messages after claimIdleMs: another handles them, no delivery counted', async () => {
    const { hostname, port } = new URL(servers.mysqlUrl);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    const handler = strict({ concurrency: 2, claimIdleMs: 1_000, claimIntervalMs: 100, livenessMs: 600_000 });
    const cutOff = await world.boot(handlerOf(handler, effect), { databaseUrl: proxy.url(world.database.url) });
    await proxy.stop();
    await world.publish(cutOff, 1, 2, 3, 4);
    await eventually(async () => (await world.pending()).length === 4, { what: 'read by the one cut off' });
    await world.boot(handlerOf(handler, effect));
    await world.settled([1, 2, 3, 4], 20_000);
    expect(await world.deadLetters()).toEqual([]);
  });
});

describe('a message that kills its own connection', () => {
  it('is counted: the database answers, so it is the message', async () => {
    const app = await world.boot(
      handlerOf(strict({ maxDeliveries: 2, retry: { baseMs: 1, maxMs: 2 } }), async (message, session) => {
        await effect(message, session);
        if (message.payload.n !== 13) return;
        const id = await session.executeScalar<number>('SELECT CONNECTION_ID()');
        await world.database.pool.query(`KILL ${id}`);
        await effect(message, session);
      }),
    );
    await world.publish(app, 12, 13, 14);
    await world.settled([12, 14]);
    const letters = await world.deadLetters();
    expect(letters).toEqual([expect.objectContaining({ data: '{"n":13}', deliveries: 2 })]);
    // the statement after the KILL fails by itself, or is refused if the loss was noticed before: then it is the cause
    expect(JSON.stringify(letters[0]?.error)).toContain('CONNECTION_LOST');
  });
});

describe('a commit whose answer is lost', () => {
  it('is neither acknowledged nor dropped: the message is delivered again, counted', async () => {
    const { hostname, port } = new URL(servers.mysqlUrl);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    const runs: number[] = [];
    const trapped = new TestSignal<Promise<void>>('trap set');
    const app = await world.boot(
      handlerOf(
        strict({ maxDeliveries: 2, retry: { baseMs: 1, maxMs: 2 } }),
        async (message, session, { deliveryCount }) => {
          await effect(message, session);
          runs.push(deliveryCount);
          if (runs.length === 1) trapped.emit(proxy.trapRequest('COMMIT', 'lose-reply'));
        },
      ),
      { databaseUrl: proxy.url(world.database.url) },
    );
    await world.publish(app, 1);
    await trapped.next();
    // the first commit had happened; without an inbox row nobody can know, so the effect is there twice
    await world.settled([1, 1]);
    expect(runs).toEqual([1, 2]);
    await world.closeApps();
    await proxy.stop();
  });
});

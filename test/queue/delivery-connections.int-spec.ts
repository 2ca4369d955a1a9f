import { ACKS_LOST, GROUPS_RECREATED, MESSAGES_ACKED, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TcpProxy, TestSignal } from '@safesync/testing';
import { effect, HandlerWorld, handlerOf, upTo } from './handler-world.js';

let world: HandlerWorld;
let proxy: TcpProxy;
beforeAll(async () => {
  world = await HandlerWorld.open();
  const { hostname, port } = new URL(world.redis.url);
  proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
});
beforeEach(() => world.reset());
afterEach(async () => {
  proxy.heal();
  await world.closeApps();
});
afterAll(async () => {
  await proxy.stop();
  await world.close();
});

/** Nothing but what is tested brings a message back: no claim, no early end of a read. */
const patient = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => {
  return { stream: world.stream, group: world.group, blockMs: 600_000, claimIdleMs: 900_000, ...more };
};
const throughProxy = () => ({ queue: { connections: proxy.url(world.redis.url) } });
const add = (n: number) => world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n })) as Promise<string>;

describe('a reading connection that is lost', () => {
  it('while Redis delivers: what went to the dead socket is handled at once, and counted once', async () => {
    const counts = new TestSignal<number>('delivery count');
    const handler = handlerOf(patient(), async (message, session, { deliveryCount }) => {
      await effect(message, session);
      counts.emit(deliveryCount);
    });
    // the first read of the booting consumer: its answer, the delivery, never arrives
    const lost = proxy.trapRequest('xreadgroup', 'lose-reply');
    await world.boot(handler, throughProxy());
    await add(1);
    await lost;
    expect(await counts.next()).toBe(1);
    await world.settled([1]);
  });

  it('while it waits: new messages are handled over the next one', async () => {
    const app = await world.boot(handlerOf(patient(), effect), throughProxy());
    await world.publish(app, 1);
    await world.settled([1]);
    proxy.cut();
    await add(2);
    await world.settled([1, 2]);
  });

  it('again and again: nothing is lost', async () => {
    const app = await world.boot(handlerOf(patient({ concurrency: 4 }), effect), throughProxy());
    for (const n of upTo(5)) {
      await world.publish(app, n);
      proxy.cut();
      await eventually(async () => (await world.effects()).includes(n), { what: `effect of ${n}` });
    }
    await world.nothingPending();
    expect(new Set(await world.effects())).toEqual(new Set(upTo(5)));
  });
});

describe('an acknowledgement that fails after the commit', () => {
  it.each([
    ['never reached Redis', 'lose-request'],
    ['had no answer', 'lose-reply'],
  ] as const)('because it %s is repeated; the message does not run again', async (_what, trap) => {
    const entered = new TestSignal<string>('handler entered');
    const release = new TestSignal('handler may go on');
    const handler = handlerOf(patient(), async (message, session) => {
      entered.emit(message.entryId);
      await release.next();
      await effect(message, session);
    });
    await world.boot(handler, throughProxy());
    await add(1);
    const lost = proxy.trapRequest(await entered.next(), trap);
    release.emit(undefined);
    await lost;
    await world.settled([1]);
    expect(entered.count).toBe(1);
    const { stream } = world;
    await eventually(() => world.metrics.total(MESSAGES_ACKED, { stream }) === 1, { what: 'one acknowledgement' });
    for (const reason of ['not_mine', 'not_pending']) {
      expect(world.metrics.total(ACKS_LOST, { stream, group: 'g', reason })).toBeUndefined();
    }
  });

  it('because another consumer took the message is counted, and never as a success', async () => {
    const entered = new TestSignal<string>('handler entered');
    const release = new TestSignal('handler may go on');
    const handler = handlerOf(patient(), async (message, session) => {
      entered.emit(message.entryId);
      await release.next();
      await effect(message, session);
    });
    await world.boot(handler);
    await add(1);
    const id = await entered.next();
    await world.redis.client.xclaim(world.stream, 'g', 'thief', 0, id);
    release.emit(undefined);
    const { stream } = world;
    await eventually(() => world.metrics.total(ACKS_LOST, { stream, group: 'g', reason: 'not_mine' }) === 1, {
      what: 'lost acknowledgement',
    });
    expect(await world.pending()).toEqual([id]);
    expect(world.metrics.total(MESSAGES_ACKED, { stream })).toBe(0);
  });
});

describe('a group that vanishes', () => {
  it.each<[string, () => Promise<unknown>, number[]]>([
    ['with its stream', () => world.redis.client.del(world.stream), [2]],
    // the new group begins at groupStart, and the stream still holds the first message
    ['alone', () => world.redis.client.xgroup('DESTROY', world.stream, 'g'), [1, 2]],
  ])('%s is created again; what was published meanwhile is handled', async (_what, destroy, handled) => {
    const app = await world.boot(handlerOf(patient(), effect));
    await world.publish(app, 1);
    await world.settled([1]);
    await world.database.pool.query('DELETE FROM effects');
    await destroy();
    await add(2);
    await world.settled(handled);
    const recreated = world.metrics.total(GROUPS_RECREATED, { stream: world.stream, group: 'g' });
    expect(recreated).toBeGreaterThanOrEqual(1);
    expect(world.log).toContainEqual(expect.stringContaining('group "g" had vanished; created again at 0'));
  });

  it('while a message runs: it is acknowledged in the new group and does not run twice', async () => {
    const entered = new TestSignal('handler entered');
    const release = new TestSignal('handler may go on');
    const app = await world.boot(
      handlerOf(patient({ concurrency: 2 }), async (message, session) => {
        entered.emit(undefined);
        await release.next();
        await effect(message, session);
      }),
    );
    await world.publish(app, 1);
    await entered.next();
    await world.redis.client.xgroup('DESTROY', world.stream, 'g');
    await eventually(async () => (await world.pending()).length === 1, { what: 'delivered by the new group' });
    release.emit(undefined);
    await world.settled([1]);
    expect(entered.count).toBe(1);
  });
});

describe('Redis away', () => {
  it('at boot: the application boots, says what it waits for, and handles as soon as Redis answers', async () => {
    proxy.silence();
    await world.boot(handlerOf(patient(), effect), throughProxy());
    expect(world.log).toContainEqual(expect.stringContaining('waiting for Redis'));
    await add(1);
    proxy.heal();
    proxy.cut();
    await world.settled([1], 20_000);
  });

  it('later: says so once, and goes on by itself', async () => {
    const app = await world.boot(handlerOf(patient(), effect), throughProxy());
    await world.publish(app, 1);
    await world.settled([1]);
    proxy.silence();
    proxy.cut();
    await add(2);
    await eventually(() => world.log.some((line) => line.includes('no connection to')), {
      what: 'log line',
      withinMs: 20_000,
    });
    proxy.heal();
    proxy.cut();
    await world.settled([1, 2], 20_000);
    expect(world.log.filter((line) => line.includes('no connection to'))).toHaveLength(1);
    expect(world.log).toContainEqual(expect.stringMatching(/^Redis "default": connected to /));
  });
});

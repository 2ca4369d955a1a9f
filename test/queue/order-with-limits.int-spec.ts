import { ConsumerGroups, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TestSignal } from '@safesync/testing';
import { handlerOf, upTo } from './handler-world.js';
import { disordered, OrderWorld } from './order-world.js';

let world: OrderWorld;
let counts: number[];
let starts: number[];
beforeAll(async () => {
  world = await OrderWorld.open();
});
beforeEach(() => {
  counts = [];
  starts = [];
  return world.reset();
});
afterEach(() => world.closeApps());
afterAll(() => world?.close());

const KEYS = ['a', 'b', 'c'];

const boot = (more: Partial<StreamHandlerOptions> = {}) =>
  world.handlers.boot(
    handlerOf(world.options({ concurrency: 4, ...more }), async ({ payload, key = '' }, session, { deliveryCount }) => {
      const [seconds, micros] = await world.handlers.redis.client.time();
      starts.push(Number(seconds) * 1_000 + Number(micros) / 1_000);
      counts.push(deliveryCount);
      await session.execute('INSERT INTO ordered (k, n) VALUES (:key, :n)', { key, n: payload.n });
    }),
  );
const addAll = async (from: number, to: number) => {
  for (const n of upTo(to - from)) for (const key of KEYS) await world.add(key, from + n);
};
const done = (perKey: number) =>
  eventually(async () => (await world.count()) === KEYS.length * perKey, { what: 'all effects', withinMs: 20_000 });
const expectOrder = async () => {
  expect(disordered(await world.effects())).toEqual([]);
  expect(counts.filter((count) => count !== 1)).toEqual([]);
};

describe('messages of a key', () => {
  it('keep their order behind a rate limit, which holds: nothing starts without a permit', async () => {
    const rateLimit = { messages: 4, perMs: 100 };
    await boot({ rateLimit });
    await boot({ rateLimit });
    const [seconds, micros] = await world.handlers.redis.client.time();
    const from = Number(seconds) * 1_000 + Number(micros) / 1_000;
    await addAll(0, 10);
    await done(10);
    await expectOrder();
    const tooEarly = starts
      .toSorted((a, b) => a - b)
      .filter((at, index) => index + 1 > rateLimit.messages + ((at - from) * rateLimit.messages) / rateLimit.perMs);
    expect(tooEarly).toEqual([]);
  });

  it('keep their order through pauses, and no delivery is counted twice', async () => {
    const apps = [await boot(), await boot()];
    const { stream, group } = world.handlers;
    for (const round of upTo(10)) {
      const groups = (apps[round % 2] as (typeof apps)[0]).get(ConsumerGroups);
      const added = addAll(4 * round, 4 * round + 4);
      await groups.pause(stream, group);
      await added;
      await groups.resume(stream, group);
    }
    await done(40);
    await world.handlers.nothingPending();
    await expectOrder();
  });

  it('that wait for a slot when their group is paused do not start before it is resumed', async () => {
    const entered = new TestSignal<number>('entered');
    const leave = new TestSignal<void>('may leave');
    const { stream, group } = world.handlers;
    const app = await world.handlers.boot(
      handlerOf(world.options({ concurrency: 1 }), async ({ payload: { n }, key = '' }, session) => {
        entered.emit(n);
        if (n === 0) await leave.next();
        await session.execute('INSERT INTO ordered (k, n) VALUES (:key, :n)', { key, n });
      }),
    );
    await world.add('a', 0);
    await world.add('b', 1);
    await entered.next();
    await eventually(async () => (await world.handlers.pending()).length === 2, { what: 'the second to be read' });
    await app.get(ConsumerGroups).pause(stream, group);
    leave.emit();
    await eventually(async () => (await world.handlers.pending()).length === 1, { what: 'the end of the first' });
    expect(await world.effects()).toEqual({ a: [0] });
    expect(entered.count).toBe(1);
    await app.get(ConsumerGroups).resume(stream, group);
    await eventually(async () => (await world.count()) === 2, { what: 'the second' });
  });

  it('do not start while their group is paused, and go on in order', async () => {
    const app = await boot();
    const { stream, group, redis } = world.handlers;
    const groups = app.get(ConsumerGroups);
    await addAll(0, 1);
    await done(1);
    await groups.pause(stream, group);
    await addAll(1, 4);
    // turns have been taken meanwhile
    const beat = () => redis.client.zrange(`${stream}:alive:${group}`, '0', '-1', 'WITHSCORES');
    const before = String(await beat());
    await eventually(async () => String(await beat()) !== before, { what: 'a beat' });
    expect([await world.count(), await world.handlers.pending()]).toEqual([3, []]);
    await groups.resume(stream, group);
    await done(4);
    await expectOrder();
  });
});

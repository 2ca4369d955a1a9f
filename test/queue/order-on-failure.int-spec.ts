import { MESSAGES_PARKED, OrderedKeys, type OrderOnFailure, type StreamHandlerOptions } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { type HandlerBody, handlerOf } from './handler-world.js';
import { OrderWorld } from './order-world.js';

let world: OrderWorld;
let failing: Set<number>;
let deliveries: number[];
beforeAll(async () => {
  world = await OrderWorld.open();
});
beforeEach(() => {
  failing = new Set();
  deliveries = [];
  return world.reset();
});
afterEach(() => world.closeApps());
afterAll(() => world?.close());

const body: HandlerBody = async ({ payload, key = '' }, session) => {
  deliveries.push(payload.n);
  if (failing.has(payload.n)) throw new Error('as the test wants');
  await session.execute('INSERT INTO ordered (k, n) VALUES (:key, :n)', { key, n: payload.n });
};
const start = (onFailure: OrderOnFailure, more: Partial<StreamHandlerOptions> = {}) =>
  world.handlers.boot(
    handlerOf(world.options({ orderOnFailure: onFailure, maxDeliveries: 3, concurrency: 4, ...more }), body),
  );
const effectsOf = async (key: string): Promise<number[]> => (await world.effects())[key] ?? [];
const reaches = (key: string, ...numbers: number[]) =>
  eventually(async () => (await effectsOf(key)).join() === numbers.join(), {
    what: `effects ${numbers.join()} of ${key}`,
  });
const counted = async (): Promise<number[]> => {
  const { redis, stream, group } = world.handlers;
  const rows = (await redis.client.xpending(stream, group, '-', '+', 100)) as [string, string, number, number][];
  return rows.map(([, , , count]) => count);
};

describe('DL-8 park', () => {
  it('blocks the key of a message that is given up, durably, and nobody else', async () => {
    failing.add(1);
    const app = await start('park');
    for (const n of [1, 2, 3]) await world.add('a', n);
    await world.add('b', 10);
    await reaches('b', 10);
    const { stream, group, metrics } = world.handlers;
    const keys = app.get(OrderedKeys);
    const [blocked] = await eventually(
      async () => {
        const list = await keys.blockedKeys(stream, group);
        return list.length > 0 && list;
      },
      { what: 'a blocked key' },
    );
    expect(blocked).toMatchObject({ key: 'a', reason: 'max_deliveries', deliveries: 3, waiting: 2 });
    expect(blocked?.error.message).toBe('as the test wants');
    expect(deliveries.filter((n) => n < 10)).toEqual([1, 1, 1]);
    expect((await world.handlers.pending()).length).toBe(3);
    expect(await world.handlers.deadLetters()).toEqual([]);
    expect(metrics.total(MESSAGES_PARKED, { stream, group, cause: 'max_deliveries' })).toBe(1);
  });

  it('control: skip does not block it', async () => {
    failing.add(1);
    const app = await start('skip');
    for (const n of [1, 2, 3]) await world.add('a', n);
    await reaches('a', 2, 3);
    const { stream, group } = world.handlers;
    expect(await app.get(OrderedKeys).blockedKeys(stream, group)).toEqual([]);
    expect((await world.handlers.deadLetters()).map(({ reason }) => reason)).toEqual(['max_deliveries']);
  });

  it('keeps what it parked through restarts, without running it and without counting', async () => {
    failing.add(1);
    const { stream, group } = world.handlers;
    for (let round = 0; round < 4; round += 1) {
      const app = await start('park');
      if (round === 0) for (const n of [1, 2, 3]) await world.add('a', n);
      await world.add('b', 10 + round);
      await reaches('b', ...[10, 11, 12, 13].slice(0, round + 1));
      await eventually(async () => (await app.get(OrderedKeys).blockedKeys(stream, group)).length === 1, {
        what: 'blocked',
      });
      await app.close();
      expect(deliveries.filter((n) => n < 10)).toEqual([1, 1, 1]);
    }
    expect((await counted())[0]).toBe(3);
    expect(Math.max(...(await counted()).slice(1))).toBeLessThan(3);
    failing.clear();
    const app = await start('park');
    expect(await app.get(OrderedKeys).unblock(stream, group, 'a')).toBe(true);
    await reaches('a', 1, 2, 3);
    await world.handlers.nothingPending();
  });

  it('unblocks from another process: the message gets a fresh round of deliveries', async () => {
    failing.add(1);
    await start('park');
    const other = await world.handlers.build([]);
    const { stream, group } = world.handlers;
    const keys = other.get(OrderedKeys);
    for (const n of [1, 2]) await world.add('a', n);
    await eventually(async () => (await keys.blockedKeys(stream, group)).length === 1, { what: 'a blocked key' });
    expect((await keys.blockedKeys(stream, group))[0]).not.toHaveProperty('waiting');
    expect(await keys.unblock(stream, group, 'a')).toBe(true);
    await eventually(() => deliveries.filter((n) => n === 1).length === 6, { what: 'three more deliveries' });
    await eventually(async () => (await keys.blockedKeys(stream, group)).length === 1, { what: 'blocked once more' });
    failing.clear();
    await keys.unblock(stream, group, 'a');
    await reaches('a', 1, 2);
    expect(await keys.blockedKeys(stream, group)).toEqual([]);
    expect(await keys.unblock(stream, group, 'a')).toBe(false);
  });

  it('unblocks by moving the message to the dead letters, with its content', async () => {
    failing.add(1);
    const app = await start('park');
    const { stream, group } = world.handlers;
    const keys = app.get(OrderedKeys);
    for (const n of [1, 2, 3]) await world.add('a', n);
    await eventually(async () => (await keys.blockedKeys(stream, group)).length === 1, { what: 'a blocked key' });
    await keys.unblock(stream, group, 'a', { head: 'deadLetter' });
    await reaches('a', 2, 3);
    const [letter] = await world.handlers.deadLetters();
    expect(letter).toMatchObject({ reason: 'max_deliveries', data: '{"n":1,"__safesync":{"key":"a"}}' });
    expect(letter?.history).toHaveLength(3);
    await world.handlers.nothingPending();
  });

  it('stops reading when as many wait as may, and says so; goes on when they have gone', async () => {
    failing.add(1);
    const app = await start('park', { maxParked: 5 });
    for (let n = 1; n <= 20; n += 1) await world.add('a', n);
    await eventually(() => world.handlers.log.some((line) => line.includes('nothing new is read')), { what: 'full' });
    // what may wait, the one they wait for, and one read
    expect((await world.handlers.pending()).length).toBeLessThanOrEqual(5 + 1 + 8);
    failing.clear();
    await app.get(OrderedKeys).unblock(world.handlers.stream, world.handlers.group, 'a');
    await reaches('a', ...Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('a handler that asks for a dead letter gets it, and its key goes on', async () => {
    await world.handlers.boot(
      handlerOf(world.options(), async (message, session, context) =>
        message.payload.n === 1 ? context.deadLetter('not for us') : body(message, session, context),
      ),
    );
    for (const n of [1, 2]) await world.add('a', n);
    await reaches('a', 2);
    expect((await world.handlers.deadLetters()).map(({ reason }) => reason)).toEqual(['not for us']);
  });

  it('a message without a key, or a malformed one, is a dead letter as ever', async () => {
    failing.add(1);
    await start('park');
    const { redis, stream } = world.handlers;
    await world.add(undefined, 1);
    await redis.client.xadd(stream, '*', 'data', 'no json');
    await eventually(async () => (await world.handlers.deadLetters()).length === 2, { what: 'dead letters' });
    const reasons = (await world.handlers.deadLetters()).map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual(['malformed', 'max_deliveries']);
  });
});

describe('DL-8 while a message waits for its retry', () => {
  const slow = { retry: { baseMs: 400, maxMs: 400 } };

  it.each(['park', 'skip'] as const)(
    '%s keeps the later ones of its key waiting, not those of others',
    async (onFailure) => {
      failing.add(1);
      await start(onFailure, { ...slow, maxDeliveries: 10 });
      for (const n of [1, 2, 3]) await world.add('a', n);
      await world.add('b', 10);
      await reaches('b', 10);
      await eventually(() => deliveries.filter((n) => n === 1).length >= 2, { what: 'a second delivery' });
      expect(await effectsOf('a')).toEqual([]);
      failing.clear();
      await reaches('a', 1, 2, 3);
    },
  );

  it('overtake lets them go on', async () => {
    failing.add(1);
    await start('overtake', { ...slow, maxDeliveries: 10 });
    for (const n of [1, 2, 3]) await world.add('a', n);
    await reaches('a', 2, 3);
    failing.clear();
    await reaches('a', 2, 3, 1);
    await world.handlers.nothingPending();
  });
});

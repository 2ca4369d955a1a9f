import {
  ConsumerGroups,
  DELIVERIES,
  type RateLimitOptions,
  RedisConnection,
  RedisStream,
  type StreamHandlerOptions,
} from '@safesync/queue';
import { eventually, TcpProxy } from '@safesync/testing';
import { batchHandlerOf, effects } from './batch-world.js';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const limit = { messages: 5, perMs: 250 };
const options = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => ({
  stream: world.stream,
  group: world.group,
  concurrency: 4,
  ...more,
});
const add = async (...numbers: number[]) => {
  for (const n of numbers) await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
};
/** The clock of the Redis server, in ms. */
const serverTime = async (): Promise<number> => {
  const [seconds, micros] = await world.redis.client.time();
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
};
/** How many more were started than the limit allows, at the worst moment: permits come before starts, so 0 is exact. */
const excess = (from: number, starts: readonly number[]): number => {
  const over = starts.toSorted((a, b) => a - b).map((at, index) => index + 1 - allowed(at - from));
  return Math.max(0, ...over);
};
const allowed = (ms: number): number => limit.messages + (ms * limit.messages) / limit.perMs;

describe('a rate limit', () => {
  const startsOfTwo = async (more: Partial<StreamHandlerOptions>): Promise<[number, number[]]> => {
    const starts: number[] = [];
    const handler = handlerOf(options(more), async (message, session) => {
      starts.push(await serverTime());
      await effect(message, session);
    });
    await world.boot(handler);
    await world.boot(handler);
    const from = await serverTime();
    await add(...upTo(40));
    await world.settled(upTo(40), 20_000);
    return [from, starts];
  };

  it('holds for all processes of the group together, by the clock of the server', async () => {
    const [from, starts] = await startsOfTwo({ rateLimit: limit });
    expect([starts.length, excess(from, starts)]).toEqual([40, 0]);
  });

  it('control: without it the same messages start faster', async () => {
    const [from, starts] = await startsOfTwo({});
    expect(excess(from, starts)).toBeGreaterThan(0);
  });

  it('counts messages, not batches', async () => {
    const starts: number[] = [];
    await add(...upTo(30));
    const from = await serverTime();
    await world.boot(
      batchHandlerOf({ ...options({ rateLimit: limit }), batch: { size: 10 } }, async (messages, session) => {
        const now = await serverTime();
        starts.push(...messages.map(() => now));
        await effects(messages, session);
      }),
    );
    await world.settled(upTo(30), 20_000);
    expect([starts.length, excess(from, starts)]).toEqual([30, 0]);
  });

  it('counts retries', async () => {
    const starts: number[] = [];
    await add(...upTo(4));
    const from = await serverTime();
    await world.boot(
      handlerOf(options({ rateLimit: limit, retry: { baseMs: 1, maxMs: 2 } }), async (message, session, context) => {
        starts.push(await serverTime());
        if (context.deliveryCount < 5) throw new Error('not yet');
        await effect(message, session);
      }),
    );
    await world.settled(upTo(4), 20_000);
    expect([starts.length, excess(from, starts)]).toEqual([20, 0]);
  });

  it('leaves in the stream what has no permit, and gives back what waits for one when it stops', async () => {
    await add(...upTo(100));
    const app = await world.boot(
      handlerOf(options({ concurrency: 20, rateLimit: { messages: 2, perMs: 3_600_000 } }), effect),
    );
    await eventually(async () => (await world.effects()).length === 2, { what: 'two effects' });
    const [group] = (await world.redis.client.xinfo('GROUPS', world.stream)) as unknown[][];
    expect(Number(group?.[group.indexOf('entries-read') + 1])).toBeLessThanOrEqual(3);
    await app.close();
    expect(await world.effects()).toHaveLength(2);
    // nothing was counted: with a single delivery allowed all of them can still be handled
    await world.redis.client.del(`${world.stream}:rate:g`);
    await world.boot(handlerOf(options({ maxDeliveries: 1 }), effect));
    await world.settled(upTo(100), 20_000);
    expect(await world.deadLetters()).toEqual([]);
  });

  it('waits while Redis is away, and goes on', async () => {
    const { hostname, port } = new URL(world.redis.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    await world.boot(handlerOf(options({ rateLimit: { messages: 10, perMs: 100 } }), effect), {
      queue: { connections: proxy.url(world.redis.url) },
    });
    for (const n of upTo(20)) {
      if (n % 5 === 0) proxy.cut();
      await add(n);
    }
    await world.settled(upTo(20), 20_000);
    await world.closeApps();
    await proxy.stop();
  });
});

describe('messages that wait for a permit', () => {
  const bucket = async (): Promise<number> => Number(await world.redis.client.get(`${world.stream}:rate:g`));
  /** As if other processes had taken all. */
  const emptied = async (rateLimit: RateLimitOptions): Promise<void> => {
    const connection = new RedisConnection(world.redis.url);
    const other = new RedisStream(connection, { stream: world.stream, group: 'g', consumer: 'other' });
    await other.takePermits(rateLimit.messages, rateLimit);
    connection.close();
  };
  /** What was taken of a bucket that is never full: it says when it will be. */
  const taken = async (rateLimit: RateLimitOptions, count: number, isPaused: boolean): Promise<number> => {
    const app = await world.boot(handlerOf(options({ concurrency: count, rateLimit, blockMs: 60_000 }), effect));
    await emptied(rateLimit);
    const before = await bucket();
    // at once, for a single read
    const adding = world.redis.client.multi();
    for (const n of upTo(count)) adding.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
    await adding.exec();
    await eventually(async () => (await world.pending()).length >= count - 1, { what: 'fetched messages' });
    const groups = app.get(ConsumerGroups);
    if (isPaused) await groups.pause(world.stream, world.group);
    if (isPaused) await groups.resume(world.stream, world.group);
    await world.settled(upTo(count), 20_000);
    return Math.round(((await bucket()) - before) / 1_000 / (rateLimit.perMs / rateLimit.messages));
  };

  it('take none when they are given back, and leave their slots', async () => {
    // one more may have been on its way
    expect(await taken({ messages: 40, perMs: 8_000 }, 8, true)).toBeLessThanOrEqual(9);
  });

  it('control: each takes one', async () => {
    expect(await taken({ messages: 40, perMs: 8_000 }, 8, false)).toBe(8);
  });

  it.each([undefined, { size: 4, mode: 'each' as const }])(
    'leave without one when they are lost, in batches %j',
    async (batch) => {
      const rateLimit = { messages: 4, perMs: 3_600_000 };
      await emptied(rateLimit);
      await add(...upTo(4));
      const more = batch ? { batch, concurrency: 1 } : {};
      await world.boot(handlerOf(options({ rateLimit, claimIdleMs: 300, ...more }), effect));
      await eventually(async () => (await world.pending()).length === 4, { what: 'fetched messages' });
      await world.redis.client.xclaim(world.stream, 'g', 'thief', 0, ...(await world.pending()));
      const labels = { stream: world.stream, group: 'g', outcome: 'letGo' };
      await eventually(() => world.metrics.total(DELIVERIES, labels) === 4, { what: 'nothing held' });
      expect(await world.effects()).toEqual([]);
    },
  );
});

describe('the bucket of permits', () => {
  it('is shared, fills with the time and is forgotten when it is full', async () => {
    const connection = new RedisConnection(world.redis.url);
    const member = (consumer: string) => new RedisStream(connection, { stream: world.stream, group: 'g', consumer });
    const [a, b] = [member('a'), member('b')];
    const rare = { messages: 3, perMs: 600_000 };
    expect(await a.takePermits(2, rare)).toEqual({ taken: 2, left: 1, nextInMs: 0 });
    const answer = await b.takePermits(2, rare);
    expect(answer).toMatchObject({ taken: 1, left: 0 });
    expect(answer.nextInMs).toBeGreaterThan(190_000);
    expect(answer.nextInMs).toBeLessThanOrEqual(200_000);
    expect(await a.takePermits(1, rare)).toMatchObject({ taken: 0, left: 0 });
    const key = `${world.stream}:rate:g`;
    const ttl = await world.redis.client.pttl(key);
    expect([ttl > 590_000, ttl <= 600_002]).toEqual([true, true]);
    // a clock that was put back must not close it for longer than it takes to fill
    await world.redis.client.set(key, '9007199254740000');
    expect((await a.takePermits(1, rare)).nextInMs).toBeLessThanOrEqual(200_000);
    expect(Number(await world.redis.client.get(key))).toBeLessThan(9007199254740000);
    connection.close();
  });
});

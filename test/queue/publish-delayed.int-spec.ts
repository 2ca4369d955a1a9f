import { DelayedMover, RedisConnection, StreamPublisher } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { failureOf, PublishWorld } from './publish-world.js';
import { FakeRedis } from './stream-fake-redis.js';

const world = new PublishWorld();
const movers: DelayedMover[] = [];
const fakes: FakeRedis[] = [];
beforeEach(() => world.reset());
afterEach(async () => {
  await Promise.all(movers.splice(0).map((running) => running.stop()));
  await world.end();
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});
afterAll(() => world.redis.close());

const publisher = (): StreamPublisher => new StreamPublisher(world.connect());
const numbers = async (): Promise<number[]> => (await world.entries()).map(({ data }) => (data as { n: number }).n);
const waiting = (): Promise<number> => world.redis.client.zcard(`${world.stream}:delayed`);
const contents = (): Promise<number> => world.redis.client.hlen(`${world.stream}:delayed:data`);
/** Makes everything that waits due, in the order it had. */
async function makeDue(): Promise<void> {
  const key = `${world.stream}:delayed`;
  const list = await world.redis.client.zrange(key, '0', '-1');
  for (const [index, id] of list.entries()) await world.redis.client.zadd(key, index + 1, id);
}

async function mover(connection?: RedisConnection): Promise<DelayedMover> {
  const own = connection ?? world.connect();
  if (connection === undefined) await own.ping();
  const created = new DelayedMover(own, [world.stream]);
  movers.push(created);
  created.start();
  return created;
}

describe('a delayed message', () => {
  it('Q-6 is durable at once, not in the stream before it is due, and there once after', async () => {
    const connection = world.connect();
    const id = await new StreamPublisher(connection).publish(world.stream, { n: 1 }, { delayMs: 600_000, id: 'm1' });
    // whoever published it is gone
    connection.close();
    const due = await world.redis.client.zscore(`${world.stream}:delayed`, id);
    const [seconds] = await world.redis.client.time();
    expect(Number(due) - Number(seconds) * 1_000).toBeGreaterThan(590_000);
    expect(Number(due) - Number(seconds) * 1_000).toBeLessThanOrEqual(601_000);
    await mover();
    const sentinel = await publisher().publish(world.stream, { n: 2 }, { delayMs: 1 });
    expect(sentinel).not.toBe(id);
    await eventually(async () => (await numbers()).includes(2), { what: 'the message that is due' });
    expect(await numbers()).toEqual([2]);
    await makeDue();
    await eventually(async () => (await numbers()).length === 2, { what: 'both messages' });
    expect((await world.entries())[1]?.data).toEqual({ n: 1, __safesync: { id: 'm1' } });
    expect([await waiting(), await contents()]).toEqual([0, 0]);
  });

  it('comes in due order, those due at one time in the order of their calls', async () => {
    const it = publisher();
    for (const [n, delayMs] of [3_000, 1_000, 2_000].entries()) await it.publish(world.stream, { n }, { delayMs });
    await it.publishMany(world.stream, [{ payload: { n: 3 }, delayMs: 500 }, { payload: { n: 4 } }]);
    await makeDue();
    await mover();
    await eventually(async () => (await numbers()).length === 5, { what: 'all messages' });
    expect(await numbers()).toEqual([4, 3, 1, 2, 0]);
  });

  it('comes in the order of the calls also when many are due in the same millisecond', async () => {
    const messages = Array.from({ length: 300 }, (_, n) => ({ payload: { n }, delayMs: 60_000 }));
    await publisher().publishMany(world.stream, messages);
    const key = `${world.stream}:delayed`;
    const list = await world.redis.client.zrange(key, '0', '-1', 'WITHSCORES');
    expect(new Set(list.filter((_, index) => index % 2 === 1)).size).toBeLessThan(300);
    // all of them in one
    for (const id of list.filter((_, index) => index % 2 === 0)) await world.redis.client.zadd(key, 1, id);
    await mover();
    await eventually(async () => (await waiting()) === 0, { what: 'all to be moved' });
    expect(await numbers()).toEqual(messages.map(({ payload }) => payload.n));
  });

  it('is moved once by five movers, 1 000 messages at a time', async () => {
    const messages = Array.from({ length: 1_000 }, (_, n) => ({ payload: { n }, delayMs: 1 }));
    await publisher().publishMany(world.stream, messages);
    await Promise.all([1, 2, 3, 4, 5].map(() => mover()));
    await eventually(async () => (await waiting()) === 0, { what: 'all to be moved' });
    expect((await numbers()).toSorted((a, b) => a - b)).toEqual(messages.map(({ payload }) => payload.n));
  });

  it('control: two movers that look and then move, in two steps, both move it', async () => {
    await publisher().publish(world.stream, { n: 1 }, { delayMs: 1 });
    await makeDue();
    const { client } = world.redis;
    const found = await Promise.all([1, 2].map(() => client.zrangebyscore(`${world.stream}:delayed`, '-inf', 10)));
    for (const ids of found)
      for (const id of ids) {
        const data = (await client.hget(`${world.stream}:delayed:data`, id)) as string;
        await client.xadd(world.stream, '*', 'data', data);
        await client.zrem(`${world.stream}:delayed`, id);
      }
    expect(await numbers()).toEqual([1, 1]);
  });

  it('is taken back by its id while it waits, once', async () => {
    const it = publisher();
    const id = await it.publish(world.stream, { n: 1 }, { delayMs: 600_000 });
    expect(await it.cancelDelayed(world.stream, id)).toBe(true);
    expect(await it.cancelDelayed(world.stream, id)).toBe(false);
    expect([await waiting(), await contents()]).toEqual([0, 0]);
    const moved = await it.publish(world.stream, { n: 2 }, { delayMs: 1 });
    await mover();
    await eventually(async () => (await numbers()).length === 1, { what: 'the other message' });
    expect(await it.cancelDelayed(world.stream, moved)).toBe(false);
    expect(await numbers()).toEqual([2]);
  });

  it('with a dedupe key is deduped at the call, with publishes that are not delayed too', async () => {
    const it = publisher();
    const id = await it.publish(world.stream, { n: 1 }, { delayMs: 600_000, dedupeKey: 'a' });
    expect(await it.publish(world.stream, { n: 2 }, { delayMs: 600_000, dedupeKey: 'a' })).toBe(id);
    expect(await it.publish(world.stream, { n: 3 }, { dedupeKey: 'a' })).toBe(id);
    expect([await waiting(), await numbers()]).toEqual([1, []]);
    await it.cancelDelayed(world.stream, id);
    expect(await it.publish(world.stream, { n: 4 }, { dedupeKey: 'a' })).toBe(id);
  });

  it('with a dedupe key is one after five lost answers', async () => {
    const it = new StreamPublisher(world.connectByProxy(), { timeoutMs: 30_000 });
    const lost = world.loseReplies('marked', 5);
    await it.publish(world.stream, { text: 'marked' }, { delayMs: 600_000, dedupeKey: 'a' });
    await lost;
    expect(await waiting()).toBe(1);
  });

  it('of no delay is published at once', async () => {
    const id = await publisher().publish(world.stream, { n: 1 }, { delayMs: 0 });
    expect(await world.entries()).toMatchObject([{ id }]);
  });

  it.each([-1, 1.5, Number.NaN, 31_536_000_001])('of %p ms is refused before anything is sent', async (delayMs) => {
    const error = await failureOf(publisher().publish(world.stream, { n: 1 }, { delayMs }));
    expect(error.message).toContain('delayMs must be an integer from 0 to 31536000000');
    expect(await waiting()).toBe(0);
  });
});

describe('a mover', () => {
  it('opens no connection: it works while the application has one', async () => {
    const fake = await FakeRedis.start(() => '*2\r\n:0\r\n:-1\r\n');
    fakes.push(fake);
    const connection = world.connect(fake.url);
    const idle = await mover(connection);
    await idle.stop();
    expect(fake.connections).toBe(0);
    await connection.ping().catch(() => undefined);
    idle.start();
    await eventually(() => fake.count('evalsha') > 0, { what: 'the mover to look' });
    await idle.stop();
  });

  it('looks once where nothing waits, not again and again', async () => {
    const fake = await FakeRedis.start((command) => (command === 'ping' ? '+PONG\r\n' : '*2\r\n:0\r\n:-1\r\n'));
    fakes.push(fake);
    const connection = world.connect(fake.url);
    await connection.ping();
    await mover(connection);
    await eventually(() => fake.count('evalsha') > 0, { what: 'the first look' });
    for (let n = 0; n < 200; n++) await connection.ping();
    expect(fake.count('evalsha')).toBe(1);
  });

  it('goes on after what kept it from moving, and says so once', async () => {
    const log: string[] = [];
    const keep = (line: string): void => void log.push(line);
    await publisher().publish(world.stream, { n: 1 }, { delayMs: 1 });
    await world.redis.client.set(world.stream, 'not a stream');
    const connection = world.connect();
    await connection.ping();
    const it = new DelayedMover(connection, [world.stream], { logger: { log: keep, warn: keep, error: keep } });
    movers.push(it);
    it.start();
    await eventually(() => log.length > 0, { what: 'the complaint' });
    expect(log[0]).toContain('cannot be moved, repeating (Redis refused EVALSHA');
    await world.redis.client.del(world.stream);
    await eventually(async () => (await waiting()) === 0, { what: 'the message to be moved' });
    await eventually(() => log.length === 2, { what: 'the all-clear' });
    expect(await numbers()).toEqual([1]);
  });
});

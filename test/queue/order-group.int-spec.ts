import { OrderedGroup, RedisConnection, type StreamMember } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { createTestRedis } from '../support/redis.js';

const redis = createTestRedis();
const connection = new RedisConnection(redis.url);
const groups: OrderedGroup[] = [];
let stream: string;
beforeEach(async () => {
  stream = redis.key('s');
  await redis.client.xgroup('CREATE', stream, 'g', '0', 'MKSTREAM');
});
afterEach(() => {
  for (const group of groups.splice(0)) group.close();
});
afterAll(async () => {
  connection.close();
  await redis.close();
});

function member(consumer: string): OrderedGroup {
  const who: StreamMember = { stream, group: 'g', consumer };
  const group = new OrderedGroup(connection, who);
  groups.push(group);
  return group;
}
const add = (n: number) => redis.client.xadd(stream, '*', 'data', String(n)) as Promise<string>;
const rows = async (): Promise<unknown[][]> =>
  ((await redis.client.xpending(stream, 'g', '-', '+', 10)) as unknown[][]).map(([, who, , count]) => [who, count]);

describe('the active consumer', () => {
  it('is one, stays it by asking again, and is followed at once when it resigns', async () => {
    const [a, b] = [member('a'), member('b')];
    expect(await a.lead(600_000)).toEqual({ isActive: true, isNew: true, requests: [] });
    expect(await b.lead(600_000)).toEqual({ isActive: false, isNew: false, requests: [] });
    expect(await a.lead(600_000)).toEqual({ isActive: true, isNew: false, requests: [] });
    await b.resign();
    expect((await b.lead(600_000)).isActive).toBe(false);
    await a.resign();
    expect(await b.lead(600_000)).toMatchObject({ isActive: true, isNew: true });
  });

  it('is followed when its row has run out, by the clock of the server', async () => {
    const [a, b] = [member('a'), member('b')];
    await a.lead(600_000);
    await redis.client.pexpire(`${stream}:active:g`, 1);
    await eventually(async () => (await b.lead(600_000)).isNew, { what: 'the other one is active' });
    expect(await redis.client.pttl(`${stream}:active:g`)).toBeGreaterThan(500_000);
  });

  it('alone reads, takes over, fetches and unblocks; the control: the other one may not', async () => {
    const [a, b] = [member('a'), member('b')];
    const id = await add(1);
    await a.lead(600_000);
    expect(await b.readNew(5)).toBeUndefined();
    expect(await a.readNew(5)).toHaveLength(1);
    expect(await b.takeOver('0-0', 5)).toBe('notActive');
    expect(await b.wake(id, 1, true)).toBe('notActive');
    expect(await b.unblock('k', '')).toBe(false);
    expect(await rows()).toEqual([['a', 1]]);
  });

  it('is told behind which entry new ones will come, and is woken by the next', async () => {
    const a = member('a');
    await a.lead(600_000);
    const id = await add(1);
    await a.readNew(5);
    expect(await a.readNew(5)).toBe(id);
    const woken = a.waitForNew(id, 60_000);
    await add(2);
    await woken;
    expect(await a.readNew(5)).toHaveLength(1);
  });
});

describe('what a new active consumer takes over', () => {
  it('is all that is pending, in order, without a delivery being counted', async () => {
    const [a, b] = [member('a'), member('b')];
    const ids = [await add(1), await add(2), await add(3)];
    await a.lead(600_000);
    await a.readNew(5);
    await a.resign();
    await b.lead(600_000);
    const first = await b.takeOver('0-0', 2);
    expect(first).toMatchObject({ entries: [{ id: ids[0], deliveryCount: 1 }, { id: ids[1] }], last: ids[1] });
    expect(await b.takeOver(ids[1] as string, 2)).toMatchObject({ entries: [{ id: ids[2] }], last: undefined });
    expect(await rows()).toEqual([
      ['b', 1],
      ['b', 1],
      ['b', 1],
    ]);
  });

  it('is counted when it is fetched to run, and fenced by its delivery count', async () => {
    const a = member('a');
    const id = await add(1);
    await a.lead(600_000);
    await a.readNew(5);
    expect(await a.wake(id, 1, false)).toMatchObject({ deliveryCount: 1 });
    expect(await a.wake(id, 1, true)).toMatchObject({ deliveryCount: 2 });
    expect(await a.wake(id, 1, true)).toBe('notMine');
    expect(await a.wake(id, undefined, true)).toMatchObject({ deliveryCount: 3 });
    expect(await a.wake('1-1', 1, true)).toBe('notPending');
  });

  it('does not hold what was trimmed', async () => {
    const a = member('a');
    const ids = [await add(1), await add(2)];
    await a.lead(600_000);
    await a.readNew(5);
    await redis.client.xdel(stream, ids[0] as string);
    const taken = await a.takeOver('0-0', 5);
    expect(taken).toMatchObject({ entries: [{ id: ids[1] }] });
    await redis.client.xdel(stream, ids[1] as string);
    expect(await a.wake(ids[1] as string, 1, true)).toMatchObject({ fields: null });
    expect(await rows()).toEqual([]);
  });
});

describe('a blocked key', () => {
  it('is marked by whoever holds the delivery, and by nobody else', async () => {
    const [a, b] = [member('a'), member('b')];
    const id = await add(1);
    await a.lead(600_000);
    await a.readNew(5);
    expect(await b.park({ id, deliveryCount: 1 }, 'k', '{}')).toBe('notMine');
    expect(await a.park({ id, deliveryCount: 2 }, 'k', '{}')).toBe('notMine');
    expect(await a.marks()).toEqual(new Map());
    expect(await a.park({ id, deliveryCount: 1 }, 'k', '{}')).toBe('done');
    expect(await b.marks()).toEqual(new Map([['k', '{}']]));
  });

  it('is unblocked at the wish of anybody, by the active consumer, and its message begins again', async () => {
    const [a, b] = [member('a'), member('b')];
    const id = await add(1);
    await a.lead(600_000);
    await a.readNew(5);
    expect(await b.requestUnblock('k', 'retry')).toBe(false);
    await a.park({ id, deliveryCount: 1 }, 'k', '{}');
    expect(await b.requestUnblock('k', 'deadLetter')).toBe(true);
    expect((await a.lead(600_000)).requests).toEqual([{ key: 'k', head: 'deadLetter' }]);
    expect(await a.unblock('k', id)).toBe(true);
    expect((await a.lead(600_000)).requests).toEqual([]);
    expect([await a.marks(), await rows()]).toEqual([new Map(), [['a', 0]]]);
  });
});

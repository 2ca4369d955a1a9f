import { RedisConnection, RedisStream, type StreamEntry } from '@safesync/queue';
import { createTestRedis } from '../support/redis.js';

const redis = createTestRedis();
const connection = new RedisConnection(redis.url);
let name: string;
let mine: RedisStream;
let other: RedisStream;

beforeEach(async () => {
  name = redis.key('s');
  mine = member('mine');
  other = member('other');
  await mine.ensureGroup();
});

afterEach(() => {
  mine.close();
  other.close();
});

afterAll(async () => {
  connection.close();
  await redis.close();
});

function member(consumer: string): RedisStream {
  return new RedisStream(connection, { stream: name, group: 'g', consumer });
}

/** An entry read by `mine`. */
async function delivered(): Promise<StreamEntry> {
  await mine.add('{}');
  return (await mine.readNew(1, 1_000))[0] as StreamEntry;
}

/** The same entry after `other` has taken it over. */
async function stolen(): Promise<StreamEntry> {
  const entry = await delivered();
  expect((await other.claimIdle(0, 10, false)).entries).toMatchObject([{ id: entry.id, deliveryCount: 2 }]);
  return entry;
}

async function pending(): Promise<{ id: string; consumer: string; idle: number; count: number }[]> {
  const rows = (await redis.client.xpending(name, 'g', '-', '+', 100)) as [string, string, number, number][];
  return rows.map(([id, consumer, idle, count]) => ({ id, consumer, idle, count }));
}

describe('what the holder does', () => {
  it('ack acknowledges each entry by itself', async () => {
    const [first, second, third] = [await delivered(), await delivered(), await delivered()];
    await other.claimIdle(0, 1, false); // takes the first
    const unknown = { id: '1-1', deliveryCount: 1 };
    expect(await mine.ack([first, second, unknown, { ...third, deliveryCount: 2 }])).toEqual([
      'notMine',
      'done',
      'notPending',
      'notMine',
    ]);
    expect((await pending()).map(({ id }) => id)).toEqual([first.id, third.id]);
    expect(await mine.ack([second])).toEqual(['notPending']);
    expect(await mine.ack([])).toEqual([]);
  });

  it('ack leaves out what somebody else got among the others, with the same count', async () => {
    const entries: StreamEntry[] = [];
    for (let n = 0; n < 5; n += 1) entries.push(await delivered());
    const middle = entries[2] as StreamEntry;
    await redis.client.xclaim(name, 'g', 'other', 0, middle.id, 'RETRYCOUNT', middle.deliveryCount, 'JUSTID');
    expect(await mine.ack(entries)).toEqual(['done', 'done', 'notMine', 'done', 'done']);
    expect((await pending()).map(({ id }) => id)).toEqual([middle.id]);
  });

  it('ack takes more entries than one script call can hold', async () => {
    await mine.addMany(Array.from({ length: 1_203 }, () => '{}'));
    const entries = await mine.readNew(2_000, 1_000);
    const outcomes = await mine.ack(entries);
    expect(outcomes).toHaveLength(1_203);
    expect(new Set(outcomes)).toEqual(new Set(['done']));
    expect((await mine.pendingSummary()).count).toBe(0);
  });

  it('renew restarts the idle time and counts nothing', async () => {
    const entry = await delivered();
    await redis.client.xclaim(name, 'g', 'mine', 0, entry.id, 'IDLE', 50_000, 'JUSTID');
    expect(await mine.renew([entry])).toEqual(['done']);
    const [row] = await pending();
    expect(row).toMatchObject({ consumer: 'mine', count: 1 });
    expect(row?.idle).toBeLessThan(50_000);
  });

  it('giveBack makes an entry claimable at once by those who wait for idle ones, and takes its delivery back', async () => {
    const entry = await delivered();
    expect((await other.claimIdle(3_600_000, 10, false)).entries).toEqual([]);
    expect(await mine.giveBack([entry])).toEqual(['done']);
    expect(await pending()).toMatchObject([{ consumer: 'mine', count: 0 }]);
    expect((await other.claimIdle(3_600_000, 10, false)).entries).toMatchObject([{ id: entry.id, deliveryCount: 1 }]);
    expect(await mine.ack([entry])).toEqual(['notMine']);
  });

  it('reclaim delivers once more, with content and count', async () => {
    const entry = await delivered();
    const again = (await mine.reclaim(entry)) as StreamEntry;
    expect(again).toEqual({ ...entry, deliveryCount: 2 });
    expect(await mine.reclaim(entry)).toBe('notMine');
    expect(await mine.ack([again])).toEqual(['done']);
    expect(await mine.reclaim(again)).toBe('notPending');
  });

  it('reclaim of a trimmed entry says so', async () => {
    const entry = await delivered();
    await redis.client.xdel(name, entry.id);
    expect(await mine.reclaim(entry)).toEqual({ id: entry.id, fields: null, deliveryCount: 2 });
    expect(await pending()).toEqual([]);
  });

  it('deadLetter writes and acknowledges', async () => {
    const entry = await delivered();
    expect(await mine.deadLetter(entry, '{"reason":"x"}')).toBe('done');
    expect(await pending()).toEqual([]);
    const dead = await redis.client.xrange(`${name}:dead`, '-', '+');
    expect(dead).toEqual([[expect.any(String), ['data', '{"reason":"x"}']]]);
    expect(await mine.deadLetter(entry, '{}')).toBe('notPending');
    expect(await redis.client.xlen(`${name}:dead`)).toBe(1);
  });
});

describe('what a former holder cannot do', () => {
  it('ack: nothing happens to the new holder', async () => {
    const entry = await stolen();
    expect(await mine.ack([entry])).toEqual(['notMine']);
    expect(await pending()).toMatchObject([{ consumer: 'other', count: 2 }]);
  });

  it('negative control: a plain XACK takes it from the new holder', async () => {
    const entry = await stolen();
    expect(await redis.client.xack(name, 'g', entry.id)).toBe(1);
    expect(await pending()).toEqual([]);
  });

  it('renew: the entry stays with the new holder', async () => {
    const entry = await stolen();
    expect(await mine.renew([entry])).toEqual(['notMine']);
    expect(await pending()).toMatchObject([{ consumer: 'other', count: 2 }]);
  });

  it('negative control: a plain XCLAIM steals it back', async () => {
    const entry = await stolen();
    await redis.client.xclaim(name, 'g', 'mine', 0, entry.id, 'JUSTID');
    expect(await pending()).toMatchObject([{ consumer: 'mine', count: 2 }]);
  });

  it('giveBack, reclaim, deadLetter: nothing changes, nothing is written', async () => {
    const entry = await stolen();
    expect(await mine.giveBack([entry])).toEqual(['notMine']);
    expect(await mine.reclaim(entry)).toBe('notMine');
    expect(await mine.deadLetter(entry, '{}')).toBe('notMine');
    expect(await pending()).toMatchObject([{ consumer: 'other', count: 2 }]);
    expect(await redis.client.exists(`${name}:dead`)).toBe(0);
  });

  it('a delivery to the same consumer under the same name counts as another', async () => {
    const entry = await delivered();
    // the process restarted with the name it had
    const restarted = member('mine');
    const { entries } = await restarted.readOwnPending('0-0', 10);
    expect(await mine.ack([entry])).toEqual(['notMine']);
    expect(await restarted.ack(entries)).toEqual(['done']);
    restarted.close();
  });
});

describe('own pending entries', () => {
  it('come back in order and counted, page by page, those in flight left alone', async () => {
    await mine.addMany(Array.from({ length: 7 }, (_, n) => String(n)));
    const all = await mine.readNew(10, 1_000);
    const inFlight = [all[0], all[3]].map((entry) => (entry as StreamEntry).id);
    const first = await mine.readOwnPending('0-0', 3, inFlight);
    expect(first.entries).toEqual([1, 2, 4].map((n) => ({ ...(all[n] as StreamEntry), deliveryCount: 2 })));
    const second = await mine.readOwnPending(first.last as string, 3, inFlight);
    expect(second.entries).toEqual([5, 6].map((n) => ({ ...(all[n] as StreamEntry), deliveryCount: 2 })));
    expect(second.last).toBeUndefined();
    expect(await mine.ack(all)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => ([0, 3].includes(n) ? 'done' : 'notMine')));
  });

  it('that were given back may have run before: counted, whatever their count', async () => {
    await mine.addMany(['0']);
    const [entry] = await mine.readNew(1, 1_000);
    await mine.readOwnPending('0-0', 10);
    // run once, delivered again, and not started
    expect(await mine.giveBack([{ id: (entry as StreamEntry).id, deliveryCount: 2 }])).toEqual(['done']);
    expect((await mine.readOwnPending('0-0', 10, [], true)).entries).toMatchObject([{ deliveryCount: 2 }]);
  });

  it('that were lost on their way here, and delivered only once, are not counted twice', async () => {
    await mine.addMany(['0', '1']);
    const [first] = await mine.readNew(1, 1_000);
    await mine.readOwnPending('0-0', 10);
    const [second] = await mine.readNew(1, 1_000);
    const { entries } = await mine.readOwnPending('0-0', 10, [], true);
    expect(entries.map(({ id, deliveryCount }) => [id, deliveryCount])).toEqual([
      [first?.id, 3],
      [second?.id, 1],
    ]);
    expect(await mine.ack(entries)).toEqual(['done', 'done']);
  });

  it('of others do not show', async () => {
    await stolen();
    expect(await mine.readOwnPending('0-0', 10)).toEqual({ entries: [], trimmed: [], last: undefined });
  });

  it('that were trimmed are named and acknowledged, their neighbours delivered', async () => {
    await mine.addMany(['0', '1', '2']);
    const all = await mine.readNew(10, 1_000);
    await redis.client.xdel(name, (all[1] as StreamEntry).id);
    const { entries, trimmed } = await mine.readOwnPending('0-0', 10);
    expect(entries.map(({ id }) => id)).toEqual([all[0]?.id, all[2]?.id]);
    expect(trimmed).toEqual([all[1]?.id]);
    expect(await pending()).toHaveLength(2);
  });
});

describe('the group', () => {
  it('is created once and starts where it was told', async () => {
    expect(await mine.ensureGroup()).toBe(false);
    await mine.add('{}');
    const late = new RedisStream(connection, { stream: name, group: 'late', consumer: 'c' });
    expect(await late.ensureGroup('$')).toBe(true);
    expect(await late.readNew(1, 20)).toEqual([]);
    late.close();
  });

  it('tells its state, and unknown lag as unknown', async () => {
    await mine.addMany(['0', '1', '2']);
    const [first] = await mine.readNew(1, 1_000);
    expect(await mine.groupInfo()).toEqual({ length: 3, consumers: 1, pending: 1, lastDeliveredId: first?.id, lag: 2 });
    expect(await mine.pendingSummary()).toEqual({
      count: 1,
      oldestId: first?.id,
      newestId: first?.id,
      consumers: [{ name: 'mine', count: 1 }],
    });
    await redis.client.xgroup('SETID', name, 'g', first?.id as string);
    await redis.client.xdel(name, (await redis.client.xrange(name, '-', '+'))[1]?.[0] as string);
    expect((await mine.groupInfo()).lag).toBeNull();
  });

  it('that does not exist is a GroupMissingError for every method', async () => {
    const entry = await delivered();
    await redis.client.del(name);
    const calls: (() => Promise<unknown>)[] = [
      () => mine.readNew(1, 50),
      () => mine.readOwnPending('0-0', 1),
      () => mine.ack([entry]),
      () => mine.renew([entry]),
      () => mine.giveBack([entry]),
      () => mine.reclaim(entry),
      () => mine.deadLetter(entry, '{}'),
      () => mine.claimStale({ livenessMs: 1_000, count: 1, sweep: { idleMs: 1, cursor: '-' } }),
      () => mine.claimIdle(0, 1, false),
      () => mine.leave(),
      () => mine.pendingSummary(),
      () => mine.groupInfo(),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'GROUP_MISSING' });
    expect(await redis.client.exists(`${name}:dead`)).toBe(0);
  });
});

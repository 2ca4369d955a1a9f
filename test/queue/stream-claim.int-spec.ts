import { type StreamEntry } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { age, consumers, crashed, ids, member, NOTHING, name, redis, texts, turn } from './stream-crew.js';

describe('entries of the dead', () => {
  it('are claimed however young they are, and their consumer is deleted when nothing is left', async () => {
    const entries = await crashed('dead', texts(3));
    const result = await turn(member('live'));
    expect(result).toEqual({ ...NOTHING, entries: entries.map((entry) => ({ ...entry, deliveryCount: 2 })) });
    expect(await consumers()).toEqual(['live']);
    expect(await redis.client.zrange(`${name}:alive:g`, '0', '-1')).toEqual(['live']);
  });

  it('are found by the passing of the liveness time alone', async () => {
    const dead = member('dead');
    await turn(dead, { livenessMs: 60 });
    await dead.add('{}');
    await dead.readNew(1, 1_000);
    const live = member('live');
    await eventually(async () => (await turn(live)).entries.length === 1, { what: 'the entry of the dead consumer' });
  });

  it('come in pages, and the consumer stays until the last one', async () => {
    const entries = await crashed('dead', texts(5));
    const live = member('live');
    const first = await turn(live, { count: 3 });
    expect(ids(first.entries)).toEqual(ids(entries.slice(0, 3)));
    expect(first.more).toBe(true);
    expect(await consumers()).toEqual(['dead', 'live']);
    const second = await turn(live, { count: 3 });
    expect(ids(second.entries)).toEqual(ids(entries.slice(3)));
    expect(second.more).toBe(false);
    expect(await consumers()).toEqual(['live']);
  });

  it('go to one of those who claim at the same time', async () => {
    const entries = await crashed('dead', texts(40));
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((consumer) => turn(member(consumer), { count: 15 })));
    expect(results.flatMap((result) => ids(result.entries)).toSorted()).toEqual(ids(entries).toSorted());
  });

  it('of the living are left alone', async () => {
    const busy = member('busy');
    await turn(busy);
    await busy.addMany(texts(3));
    await busy.readNew(3, 1_000);
    expect(await turn(member('live'))).toEqual(NOTHING);
  });

  it('of consumers without liveness (other libraries) are only claimed when idle', async () => {
    await redis.client.xadd(name, '*', 'data', '{}');
    await redis.client.xreadgroup('GROUP', 'g', 'python', 'STREAMS', name, '>');
    const live = member('live');
    expect((await turn(live)).entries).toEqual([]);
    expect((await turn(live, { sweep: { idleMs: 60_000, cursor: '-' } })).entries).toEqual([]);
    const [row] = (await redis.client.xpending(name, 'g', '-', '+', 1)) as [string][];
    await redis.client.xclaim(name, 'g', 'python', 0, row?.[0] as string, 'IDLE', 60_000, 'JUSTID');
    expect((await turn(live, { sweep: { idleMs: 60_000, cursor: '-' } })).entries).toHaveLength(1);
    expect(await consumers()).toEqual(['live', 'python']);
  });

  it('that were trimmed are named and acknowledged', async () => {
    const entries = await crashed('dead', texts(3));
    await redis.client.xdel(name, (entries[1] as StreamEntry).id);
    const result = await turn(member('live'));
    expect(ids(result.entries)).toEqual([entries[0]?.id, entries[2]?.id]);
    expect(result.trimmed).toEqual([entries[1]?.id]);
    expect(await consumers()).toEqual(['live']);
  });
});

describe('leaving', () => {
  it('removes a consumer with nothing pending at once', async () => {
    const stream = member('leaver');
    await stream.add('{}');
    await turn(stream);
    await stream.ack(await stream.readNew(1, 1_000));
    expect(await stream.leave()).toBe(true);
    expect(await consumers()).toEqual([]);
    expect(await redis.client.exists(`${name}:alive:g`)).toBe(0);
  });

  it('with pending entries loses none of them: the next claim takes them', async () => {
    const stream = member('leaver');
    await turn(stream);
    await stream.addMany(texts(2));
    const entries = await stream.readNew(2, 1_000);
    await stream.ack([entries[0] as StreamEntry]);
    expect(await stream.leave()).toBe(false);
    expect(ids((await turn(member('live'))).entries)).toEqual([entries[1]?.id]);
    expect(await consumers()).toEqual(['live']);
  });

  it('negative control: XGROUP DELCONSUMER alone loses what is pending', async () => {
    const entries = await crashed('dead', texts(2));
    expect(entries).toHaveLength(2);
    await redis.client.xgroup('DELCONSUMER', name, 'g', 'dead');
    const live = member('live');
    expect((await turn(live, { sweep: { idleMs: 1, cursor: '-' } })).entries).toEqual([]);
    expect(await live.readNew(1, 20)).toEqual([]);
  });
});

describe('the sweep', () => {
  it('finds a stale entry behind 10 000 fresh ones in one turn', async () => {
    const busy = member('busy');
    await turn(busy);
    await busy.addMany(texts(10_001));
    const entries = await busy.readNew(20_000, 1_000);
    const stale = entries[10_000] as StreamEntry;
    await age([stale], 'busy', 100_000);
    const result = await turn(member('live'), { sweep: { idleMs: 60_000, cursor: '-' } });
    expect(ids(result.entries)).toEqual([stale.id]);
  });

  it('keeps its cursor over turns and begins again at the end', async () => {
    const busy = member('busy');
    await turn(busy);
    await busy.addMany(texts(5));
    const entries = await busy.readNew(5, 1_000);
    await age(entries, 'busy', 100_000);
    const live = member('live');
    const seen: string[] = [];
    const cursors: string[] = [];
    for (let cursor = '-', more = true; more; ) {
      const result = await turn(live, { count: 2, sweep: { idleMs: 60_000, cursor } });
      seen.push(...ids(result.entries));
      ({ cursor, more } = result);
      cursors.push(cursor);
    }
    expect(seen).toEqual(ids(entries));
    expect(cursors).toEqual([`(${entries[1]?.id}`, `(${entries[3]?.id}`, '-']);
  });

  it('leaves alone what is in flight and, if told, all of its own name', async () => {
    const live = member('live');
    await turn(live);
    await live.addMany(texts(3));
    const entries = await live.readNew(3, 1_000);
    await age(entries, 'live', 100_000);
    const sweep = { idleMs: 60_000, cursor: '-' };
    expect((await turn(live, { sweep: { ...sweep, skipOwn: true } })).entries).toEqual([]);
    const inFlight = ids(entries.slice(0, 2));
    expect(ids((await turn(live, { sweep: { ...sweep, inFlight } })).entries)).toEqual([entries[2]?.id]);
    expect(await live.ack(entries)).toEqual(['done', 'done', 'notMine']);
  });
});

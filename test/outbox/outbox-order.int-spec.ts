import type { TestingModule } from '@nestjs/testing';
import { DbSessions } from '@safesync/db';
import { Outbox } from '@safesync/outbox';
import { METADATA_KEY } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { type HandlerWorld, upTo } from '../queue/handler-world.js';
import { bootWithOutbox, useOutboxWorld } from './outbox-world.js';

/** OB-1: of one stream and key what was committed first leaves first, with any number of relays. */
describe('the order of a key', () => {
  let world: HandlerWorld;

  useOutboxWorld((opened) => {
    world = opened;
  });

  const boot = (batchSize = 7, batchBytes = 1_048_576): Promise<TestingModule> =>
    bootWithOutbox(world, [], {
      outbox: { relay: { pollMs: 20, batchSize, batchBytes, retry: { baseMs: 50, maxMs: 100 } } },
    });

  /** Payloads in the stream, by key, in the order of arrival, those that came again left out. */
  const arrivals = async (): Promise<Map<string, number[]>> => {
    const byKey = new Map<string, number[]>();
    for (const [, fields] of await world.redis.client.xrange(world.stream, '-', '+')) {
      const content = JSON.parse(fields[1] as string) as { n: number; [METADATA_KEY]: { key: string } };
      const { n, [METADATA_KEY]: metadata } = content;
      const list = byKey.get(metadata.key) ?? [];
      if (!list.includes(n)) list.push(n);
      byKey.set(metadata.key, list);
    }
    return byKey;
  };

  const length = async (count: number): Promise<true> =>
    eventually(async () => (await world.redis.client.xlen(world.stream)) >= count, {
      what: `${count} entries`,
      withinMs: 25_000,
    });

  it('is kept by three relays over 1 500 messages of 3 keys, written by one transaction after the other', async () => {
    const apps = await Promise.all([boot(), boot(), boot()]);
    const write = async (key: string): Promise<void> => {
      // each process in turn, as an aggregate whose row is locked by one writer at a time
      for (const n of upTo(500)) {
        const app = apps[n % 3] as TestingModule;
        await app.get(DbSessions).run((session) => app.get(Outbox).publish(session, world.stream, { n }, { key }));
      }
    };
    await Promise.all(['a', 'b', 'c'].map(write));
    await length(1_500);
    for (const key of ['a', 'b', 'c']) expect((await arrivals()).get(key)).toEqual(upTo(500));
  }, 60_000);

  it('is kept when a backlog is met by three relays at once', async () => {
    const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
    await writer.get(DbSessions).run((session) =>
      writer.get(Outbox).publishMany(
        session,
        world.stream,
        upTo(600).map((n) => ({ payload: { n }, key: `k${n % 2}` })),
      ),
    );
    await Promise.all([boot(), boot(), boot()]);
    await length(600);
    const all = await arrivals();
    expect(all.get('k0')).toEqual(upTo(300).map((n) => 2 * n));
    expect(all.get('k1')).toEqual(upTo(300).map((n) => 2 * n + 1));
  });

  it.each([
    ['batch holds', 40, 0, [3, 1_048_576], 1],
    ['batch holds, with three relays', 40, 0, [3, 1_048_576], 3],
    ['batch has bytes for', 4, 3_000, [100, 3_200], 1],
  ])(
    'goes on behind a first message that became due after more others than a %s',
    async (_what, count, bytes, [batchSize, batchBytes], relays) => {
      const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
      const messages = upTo(count).map((n) => ({ payload: { n, pad: 'x'.repeat(bytes) }, key: 'k' }));
      await writer.get(DbSessions).run(async (session) => {
        await writer.get(Outbox).publishMany(session, world.stream, messages);
        await writer.get(Outbox).publish(session, world.stream, { n: 99 }, { key: 'other' });
      });
      // as a delay leaves it, or its being published again
      await world.database.pool.query(
        'UPDATE safesync_outbox SET due_at = UTC_TIMESTAMP(6), available_at = UTC_TIMESTAMP(6) ORDER BY id LIMIT 1',
      );
      await Promise.all(upTo(relays).map(() => boot(batchSize, batchBytes)));
      await length(count + 1);
      expect((await arrivals()).get('k')).toEqual(upTo(count));
      expect((await arrivals()).get('other')).toEqual([99]);
    },
  );

  it('does not keep a message behind an earlier one that is not due', async () => {
    const app = await boot();
    await app.get(DbSessions).run(async (session) => {
      await app.get(Outbox).publish(session, world.stream, { n: 0 }, { key: 'k', delayMs: 3_600_000 });
      await app.get(Outbox).publish(session, world.stream, { n: 1 }, { key: 'k' });
    });
    await length(1);
    expect((await arrivals()).get('k')).toEqual([1]);
  });

  describe('with a message that is put off', () => {
    /** As a refusal leaves the first of ten messages of a key: waiting for its next attempt. */
    const putOffFirst = async (ms: number): Promise<void> => {
      const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
      const messages = upTo(10).map((n) => ({ payload: { n }, key: 'k' }));
      await writer.get(DbSessions).run(async (session) => {
        await writer.get(Outbox).publishMany(session, world.stream, messages);
        await writer.get(Outbox).publish(session, world.stream, { n: 99 }, { key: 'other' });
      });
      await world.database.pool.query(
        'UPDATE safesync_outbox SET attempts = 1, last_error = ?, available_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND ' +
          'ORDER BY id LIMIT 1',
        ['OOM', ms * 1_000],
      );
    };

    it('keeps those behind it, even in small batches, and lets other keys pass', async () => {
      await putOffFirst(700);
      await boot(3);
      await length(11);
      expect(await arrivals()).toEqual(
        new Map([
          ['other', [99]],
          ['k', upTo(10)],
        ]),
      );
    });

    it('keeps nobody else waiting for the next look, however many are behind it', async () => {
      await putOffFirst(3_600_000);
      await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 600_000, batchSize: 3 } } });
      await length(1);
      expect(await arrivals()).toEqual(new Map([['other', [99]]]));
    });

    it('leaves at once when it is told to, with those behind it', async () => {
      await putOffFirst(3_600_000);
      const app = await boot(3);
      await length(1);
      const outbox = app.get(Outbox);
      const [failure] = await outbox.failures();
      expect(failure).toMatchObject({ stream: world.stream, attempts: 1, lastError: 'OOM' });
      // what has reached Redis is marked a moment later
      await eventually(async () => (await outbox.stats()).waiting === 10, { what: 'the other one is marked' });
      expect(await outbox.stats()).toMatchObject({ waiting: 10, failed: 1 });
      expect(await outbox.retry([failure?.id as string])).toBe(1);
      await length(11);
      expect((await arrivals()).get('k')).toEqual(upTo(10));
    });

    it('control: without looking at what is before them, they overtake it', async () => {
      await putOffFirst(700);
      // what a claim by due time alone would send
      const due = await world.database.rows<{ data: string }>(
        'SELECT data FROM safesync_outbox WHERE state = 0 AND available_at <= UTC_TIMESTAMP(6) ORDER BY available_at, id',
      );
      expect(due.map(({ data }) => (JSON.parse(data) as { n: number }).n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 99]);
    });
  });
});

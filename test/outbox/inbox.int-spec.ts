import { Deferred } from '@safesync/core';
import { ROWS_PURGED } from '@safesync/outbox';
import { DELIVERIES, HandlerRefusedError, StreamPublisher } from '@safesync/queue';
import { eventually, TestSignal } from '@safesync/testing';
import { effect, type HandlerBody, HandlerWorld, handlerOf } from '../queue/handler-world.js';
import { bootWithOutbox, useOutboxWorld } from './outbox-world.js';

describe('the inbox', () => {
  let world: HandlerWorld;
  const fast = { claimIntervalMs: 50, livenessMs: 200, claimIdleMs: 2_000, retry: { baseMs: 1, maxMs: 5 } };

  useOutboxWorld((opened) => {
    world = opened;
  });

  const once = (body: HandlerBody = effect, more: object = {}) =>
    handlerOf({ stream: world.stream, group: world.group, exactlyOnce: true, ...fast, ...more }, body);

  const inboxRows = async (): Promise<number> => (await world.database.rows('SELECT id FROM safesync_inbox')).length;

  const outcomes = (outcome: string): number =>
    world.metrics.total(DELIVERIES, { stream: world.stream, group: world.group, outcome }) ?? 0;

  describe('of a message that comes twice', () => {
    const publishTwice = async (publisher: StreamPublisher): Promise<void> => {
      await publisher.publish(world.stream, { n: 1 }, { id: 'transfer-1' });
      await publisher.publish(world.stream, { n: 1 }, { id: 'transfer-1' });
      await publisher.publish(world.stream, { n: 2 }, { id: 'transfer-2' });
    };

    it('acknowledges the second without running the handler', async () => {
      const app = await bootWithOutbox(world, once());
      await publishTwice(app.get(StreamPublisher));
      await world.settled([1, 2]);
      expect([outcomes('done'), outcomes('duplicate')]).toEqual([2, 1]);
      expect(await inboxRows()).toBe(2);
    });

    it('control: without exactlyOnce the effect is there twice', async () => {
      const app = await bootWithOutbox(world, once(effect, { exactlyOnce: false }));
      await publishTwice(app.get(StreamPublisher));
      await world.settled([1, 1, 2]);
    });

    it('lets one of two that run at once have the effect', async () => {
      const began = new TestSignal<string>('a handler began');
      const mayEnd = new Deferred();
      const body: HandlerBody = async (message, session) => {
        began.emit(message.entryId);
        await mayEnd.promise;
        await effect(message, session);
      };
      const app = await bootWithOutbox(world, once(body, { concurrency: 2 }));
      const publisher = app.get(StreamPublisher);
      await publisher.publish(world.stream, { n: 1 }, { id: 'same' });
      await publisher.publish(world.stream, { n: 1 }, { id: 'same' });
      await began.next();
      await eventually(async () => (await waitingForLocks()) === 1, {
        what: 'the second waits for the first',
        // the server answers from a copy as long as it is asked more often than every 100 ms
        everyMs: 150,
      });
      mayEnd.resolve();
      await world.settled([1]);
      expect([outcomes('done'), outcomes('duplicate')]).toEqual([1, 1]);
    });

    /** Transactions that wait for a row of the inbox. */
    const waitingForLocks = async (): Promise<number> => {
      const sql =
        "SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE '%safesync_inbox%'";
      return (await world.database.rows(sql)).length;
    };
  });

  it('knows a message again whose acknowledgement was lost with its process', async () => {
    const { client } = world.redis;
    const first = await bootWithOutbox(world, once());
    await world.publish(first, 1);
    await world.settled([1]);
    await first.close();
    // as Redis is left by a process that dies between commit and acknowledgement
    await client.xgroup('SETID', world.stream, world.group, '0');
    await client.xreadgroup('GROUP', world.group, 'dead', 'COUNT', 1, 'STREAMS', world.stream, '>');
    await client.zadd(`${world.stream}:alive:${world.group}`, 1, 'dead');
    await bootWithOutbox(world, once());
    await eventually(() => outcomes('duplicate') === 1, { what: 'the duplicate' });
    await world.nothingPending();
    expect(await world.effects()).toEqual([1]);
  });

  it('acknowledges what was done although its deliveries are used up', async () => {
    const { client } = world.redis;
    const first = await bootWithOutbox(world, once(effect, { maxDeliveries: 1 }));
    await world.publish(first, 1);
    await world.settled([1]);
    await first.close();
    await client.xgroup('SETID', world.stream, world.group, '0');
    await client.xreadgroup('GROUP', world.group, 'dead', 'COUNT', 1, 'STREAMS', world.stream, '>');
    await client.zadd(`${world.stream}:alive:${world.group}`, 1, 'dead');
    await bootWithOutbox(world, once(effect, { maxDeliveries: 1 }));
    await eventually(() => outcomes('duplicate') === 1, { what: 'the duplicate' });
    await world.nothingPending();
    expect(await world.deadLetters()).toEqual([]);
  });

  it('control: gives up what was never done and has no deliveries left', async () => {
    const { client } = world.redis;
    await client.xadd(world.stream, '*', 'data', '{"n":1}');
    await client.xgroup('CREATE', world.stream, world.group, '0');
    await client.xreadgroup('GROUP', world.group, 'dead', 'COUNT', 1, 'STREAMS', world.stream, '>');
    await client.zadd(`${world.stream}:alive:${world.group}`, 1, 'dead');
    await bootWithOutbox(world, once(effect, { maxDeliveries: 1 }));
    await eventually(async () => (await world.deadLetters()).length === 1, { what: 'the dead letter' });
    expect(await world.deadLetters()).toMatchObject([{ reason: 'max_deliveries' }]);
    expect([await world.effects(), await inboxRows()]).toEqual([[], 0]);
  });

  it('waits for a transaction that does the same message, however long, and counts no delivery', async () => {
    const mayEnd = new Deferred();
    const body: HandlerBody = async (message, session) => {
      await mayEnd.promise;
      await effect(message, session);
    };
    const patient = once(body, { concurrency: 2, maxDeliveries: 1, session: { lockWaitMs: 1_000 } });
    const publisher = (await bootWithOutbox(world, patient)).get(StreamPublisher);
    await publisher.publish(world.stream, { n: 1 }, { id: 'same' });
    await publisher.publish(world.stream, { n: 1 }, { id: 'same' });
    await eventually(() => outcomes('awaitDatabase') > 0, { what: 'a lock wait that was over' });
    mayEnd.resolve();
    await world.settled([1]);
    expect([outcomes('done'), outcomes('duplicate'), await world.deadLetters()]).toEqual([1, 1, []]);
  });

  it('keeps no row of a delivery that was rolled back', async () => {
    let failures = 2;
    const app = await bootWithOutbox(
      world,
      once(async (message, session) => {
        await effect(message, session);
        if (failures-- > 0) throw new Error('not yet');
      }),
    );
    await world.publish(app, 7);
    await world.settled([7]);
    expect([outcomes('retry'), outcomes('done'), outcomes('duplicate')]).toEqual([2, 1, 0]);
  });

  it('keeps groups apart', async () => {
    const app = await bootWithOutbox(world, [once(), once(effect, { group: 'other' })]);
    await app.get(StreamPublisher).publish(world.stream, { n: 1 }, { id: 'same' });
    await world.settled([1, 1]);
    expect(await inboxRows()).toBe(2);
  });

  it('gives up what was delivered before and is older than it remembers', async () => {
    const { client } = world.redis;
    const eightDaysAgo = `${Date.now() - 8 * 86_400_000}-0`;
    await client.xadd(world.stream, eightDaysAgo, 'data', '{"n":1}');
    await client.xgroup('CREATE', world.stream, world.group, '0');
    await client.xreadgroup('GROUP', world.group, 'dead', 'COUNT', 1, 'STREAMS', world.stream, '>');
    await client.zadd(`${world.stream}:alive:${world.group}`, 1, 'dead');
    await bootWithOutbox(world, once());
    const [letter] = await eventually(
      async () => {
        const letters = await world.deadLetters();
        return letters.length > 0 && letters;
      },
      { what: 'the dead letter' },
    );
    expect(letter).toMatchObject({ reason: 'forgotten', error: { code: 'INBOX_RETENTION' } });
    expect(await world.effects()).toEqual([]);
  });

  it('runs an old message that comes for the first time', async () => {
    await world.redis.client.xadd(world.stream, `${Date.now() - 8 * 86_400_000}-0`, 'data', '{"n":1}');
    await bootWithOutbox(world, once());
    await world.settled([1]);
  });

  describe('at boot', () => {
    it('is missed by name of the handler, with the remedy', async () => {
      const boot = world.boot(once());
      await expect(boot).rejects.toThrow(HandlerRefusedError);
      await expect(boot).rejects.toThrow(/Handler\.on .*exactlyOnce.*SafeSyncOutboxModule\.forRoot\(\)/);
    });

    it('misses its table', async () => {
      const other = await HandlerWorld.open();
      try {
        await other.reset();
        const handler = handlerOf({ stream: other.stream, group: 'g', exactlyOnce: true }, effect);
        await expect(bootWithOutbox(other, handler)).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
      } finally {
        await other.close();
      }
    });

    it('takes no retention of seconds', async () => {
      const boot = bootWithOutbox(world, once(), { outbox: { inbox: { retentionMs: 59_999 } } });
      await expect(boot).rejects.toThrow(/inbox\.retentionMs must be an integer from 60000/);
    });

    it('takes none that ends while the relay may still publish a message again', async () => {
      const outbox = { inbox: { retentionMs: 599_999 } };
      await expect(bootWithOutbox(world, once(), { outbox })).rejects.toThrow(
        /relay\.verifyWindowMs must not be longer than inbox\.retentionMs/,
      );
    });

    it('takes no session that cannot write', async () => {
      const boot = async () => bootWithOutbox(world, once(effect, { session: { readOnly: true } }));
      await expect(boot()).rejects.toThrow(/exactlyOnce needs a session that can write/);
    });

    it('takes none that ends before the stream forgets, which a new group would get from its beginning', async () => {
      const quick = once(effect, { claimIdleMs: 1_000, maxDeliveries: 2 });
      const boot = bootWithOutbox(world, quick, { outbox: { inbox: { retentionMs: 86_399_999 } } });
      await expect(boot).rejects.toThrow(/for 86400000 ms \(retention\.maxAgeMs of the stream\)/);
      const streams = [{ name: world.stream, retention: { maxAgeMs: 60_000 } }];
      await bootWithOutbox(world, quick, { outbox: { inbox: { retentionMs: 60_000 }, relay: false }, streams });
    });

    it('takes none that ends while the handler may still get the message again', async () => {
      const patient = once(effect, { claimIdleMs: 10_000, retry: { baseMs: 1, maxMs: 2_001 }, maxDeliveries: 5 });
      const boot = bootWithOutbox(world, patient, { outbox: { inbox: { retentionMs: 60_000 }, relay: false } });
      await expect(boot).rejects.toThrow(/for 60005 ms .* remembers for 60000\..* Raise inbox\.retentionMs/);
    });
  });

  it('forgets what is past its retention, in batches, and nothing else', async () => {
    const { pool } = world.database;
    await pool.query(
      'INSERT INTO safesync_inbox (id, done_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) ' +
        "SELECT UNHEX(SHA2(CONCAT('old', a.i, '-', b.i), 256)), UTC_TIMESTAMP(6) - INTERVAL 170 HOUR FROM n AS a JOIN n AS b ON b.i <= 3",
    );
    const app = await bootWithOutbox(world, once());
    await world.publish(app, 1);
    await world.settled([1]);
    await eventually(async () => (await inboxRows()) === 1, { what: 'only the new row' });
    expect(world.metrics.total(ROWS_PURGED, { table: 'safesync_inbox' })).toBe(2_700);
  });
});

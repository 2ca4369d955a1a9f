import type { TestingModule } from '@nestjs/testing';
import { Deferred } from '@safesync/core';
import { DbSession, DbSessions, type SqlParams } from '@safesync/db';
import { OUTBOX_BACKLOG, OUTBOX_OLDEST, Outbox, ROWS_PURGED } from '@safesync/outbox';
import { eventually } from '@safesync/testing';
import { type HandlerWorld, upTo } from '../queue/handler-world.js';
import { bootWithOutbox, useOutboxWorld } from './outbox-world.js';

interface Asked {
  readonly sql: string;
  readonly params: SqlParams;
}

let world: HandlerWorld;

useOutboxWorld((opened) => {
  world = opened;
});

const publish = (app: TestingModule, numbers: readonly number[], key?: string): Promise<unknown> =>
  app.get(DbSessions).run((session) =>
    app.get(Outbox).publishMany(
      session,
      world.stream,
      numbers.map((n) => ({ payload: { n }, ...(key === undefined ? {} : { key }) })),
    ),
  );
const rows = async (where: string): Promise<number> =>
  (await world.database.rows(`SELECT id FROM safesync_outbox WHERE ${where}`)).length;
const nothingWaits = (): Promise<true> =>
  eventually(async () => (await rows('state = 0')) === 0, { what: 'nothing waits' });

/** M32: a claim that sorts locks all it reads, and leaves nothing for the other relays. */
describe('what the relay asks of the table', () => {
  let app: TestingModule;
  let sessions: DbSessions;
  /** Each text that reads or changes waiting or published rows, as a relay sent it. */
  const asked = new Map<string, Asked>();

  beforeAll(async () => {
    await world.reset();
    // they go on to the server
    const spies = (['fetchAll', 'fetchOne', 'execute'] as const).map((method) =>
      jest.spyOn(DbSession.prototype, method),
    );
    const relay = {
      pollMs: 20,
      purgeEveryMs: 50,
      keepPublishedMs: 0,
      verifyWindowMs: 0,
      batchSize: 5,
      batchBytes: 1_000,
    };
    const relaying = await bootWithOutbox(world, [], { outbox: { relay } });
    await publish(relaying, [1, 2]);
    await publish(relaying, upTo(12), 'k');
    await relaying
      .get(DbSessions)
      .run((session) => relaying.get(Outbox).publish(session, world.stream, { text: 'x'.repeat(3_000) }));
    await eventually(async () => (await rows('1 = 1')) === 0, { what: 'published and deleted' });
    await world.closeApps();
    for (const [sql, params = {}] of spies.flatMap((spy) => spy.mock.calls)) {
      if (/(FROM|UPDATE) safesync_outbox/.test(sql)) asked.set(sql, { sql, params });
    }
    for (const spy of spies) spy.mockRestore();
  });

  beforeEach(async () => {
    app = await bootWithOutbox(world, [], { outbox: { relay: false } });
    sessions = app.get(DbSessions);
    await publish(app, upTo(2_000));
    await world.database.pool.query('UPDATE safesync_outbox SET state = 1, entry_id = id WHERE id % 3 = 0');
    await world.database.pool.query('ANALYZE TABLE safesync_outbox');
  });

  const find = (...parts: readonly string[]): Asked => {
    const found = [...asked.values()].find(({ sql }) => parts.every((part) => sql.includes(part)));
    if (found === undefined) throw new Error(`No statement with ${parts.join(' ... ')}`);
    return found;
  };

  /** The plan of a statement, asked with rows that are there. */
  const explain = async ({
    sql,
    params,
  }: Asked): Promise<{ table: string | null; key: string | null; Extra: string | null }[]> => {
    const found = await world.database.rows<{ id: string }>('SELECT id FROM safesync_outbox WHERE state = 0 LIMIT 64');
    const filled = Object.entries(params).map(([name, value]) => {
      const at = /^id(\d+)$/.exec(name)?.[1];
      if (at !== undefined) return [name, BigInt(found[Number(at)]?.id as string)];
      return [name, name.startsWith('stream') ? world.stream : value];
    });
    return sessions.run((session) => {
      const how = sessions.dialect.name === 'mysql' ? 'EXPLAIN FORMAT=TRADITIONAL' : 'EXPLAIN';
      return session.fetchAll(`${how} ${sql}`, Object.fromEntries(filled) as SqlParams);
    });
  };

  it.each([
    ['a claim of what is due', 'safesync_outbox_claim', ['state = 0', 'LIMIT :rows FOR UPDATE SKIP LOCKED']],
    ['a claim by id', 'PRIMARY', ['WHERE id IN', 'FOR UPDATE SKIP LOCKED']],
    ['the look at what is before', 'safesync_outbox_order', ['GROUP BY order_key']],
    ['the look at what is due next', 'safesync_outbox_claim', ['AS wait0']],
    ['the choice of what is deleted', 'safesync_outbox_claim', ['state = 1', 'LIMIT :limit FOR UPDATE SKIP LOCKED']],
    ['the contents of large rows', 'PRIMARY', ['SELECT id, data FROM']],
    ['the mark of what was published', 'PRIMARY', ['SET o.state = 1']],
  ])('%s goes through an index, without a sort', async (_what, index, parts) => {
    // the changes come with the statement
    const plan = (await explain(find(...parts))).filter(({ table }) => table !== 'c');
    // a minimum that an index answers needs no table
    const tables = plan.filter(({ Extra }) => !/^No tables used$|optimized away/.test(Extra ?? ''));
    for (const { key } of tables) expect(key).toBe(index);
    expect(plan.map(({ Extra }) => Extra ?? '').join()).not.toMatch(/filesort|temporary/i);
  });

  /** How many rows each of two gets that ask for 5 of 10 while the other has not committed. */
  const claimBoth = async (sql: string): Promise<number[]> => {
    await world.database.pool.query('DELETE FROM safesync_outbox');
    await publish(app, upTo(10));
    const isClaimed = new Deferred();
    const { params } = find('LIMIT :rows FOR UPDATE SKIP LOCKED');
    const claim = async (session: DbSession): Promise<number> =>
      (await session.fetchAll(sql, { ...params, stream: world.stream, rows: 5 })).length;
    let second = 0;
    const first = await sessions.run(async (session) => {
      const count = await claim(session);
      second = await sessions.run(claim, { independent: true });
      isClaimed.resolve();
      return count;
    });
    await isClaimed.promise;
    return [first, second];
  };

  it('gives two relays that ask for 5 of 10 rows 5 each', async () => {
    expect(await claimBoth(find('LIMIT :rows FOR UPDATE SKIP LOCKED').sql)).toEqual([5, 5]);
  });

  it('control: a claim that sorts leaves the second relay nothing', async () => {
    const { sql } = find('LIMIT :rows FOR UPDATE SKIP LOCKED');
    expect(await claimBoth(sql.replace('ORDER BY available_at, id', 'ORDER BY bytes, id'))).toEqual([5, 0]);
  });

  it('sends few texts, whatever the number of rows', () => {
    const claims = [...asked.keys()].filter((sql) => sql.includes('WHERE id IN'));
    // lists of 1, 2, 4, ... values
    expect(claims.length).toBeLessThanOrEqual(6);
  });
});

/** The mark of a batch is one statement, so that its rows have one time. */
describe('a batch', () => {
  const LARGE = 3_000;

  const batchesOf = async (batchBytes: number): Promise<number[]> => {
    const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
    const messages = upTo(6).map((n) => ({ payload: { n, pad: 'x'.repeat(LARGE) } }));
    await writer.get(DbSessions).run((session) => writer.get(Outbox).publishMany(session, world.stream, messages));
    await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20, batchBytes } } });
    await nothingWaits();
    await world.closeApps();
    const batches = await world.database.rows<{ n: string }>(
      'SELECT COUNT(*) AS n FROM safesync_outbox GROUP BY available_at ORDER BY available_at',
    );
    return batches.map(({ n }) => Number(n));
  };

  it('has no more bytes than it may, and one message at least', async () => {
    expect(await batchesOf(2.5 * LARGE)).toEqual([2, 2, 2]);
    await world.database.pool.query('DELETE FROM safesync_outbox');
    expect(await batchesOf(1)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('control: has all that is there within its bytes', async () => {
    expect(await batchesOf(10 * LARGE)).toEqual([6]);
  });

  it('that is in progress when the application closes is brought to its end', async () => {
    const app = await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20 } } });
    await world.redis.client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    await publish(app, [1]);
    const isClaimed = async (): Promise<boolean> =>
      (await world.database.rows('SELECT id FROM safesync_outbox WHERE state = 0 FOR UPDATE SKIP LOCKED')).length === 0;
    await eventually(isClaimed, { what: 'the row is claimed' });
    const closing = app.close();
    await world.redis.client.call('CLIENT', 'UNPAUSE');
    await closing;
    expect([await rows('state = 1'), await rows('state = 0')]).toEqual([1, 0]);
  });
});

/** OB-4 */
describe('the table of the outbox', () => {
  it('stays small: what is published is deleted after its time, in batches, while more is published', async () => {
    const relay = { pollMs: 20, purgeEveryMs: 20, keepPublishedMs: 200, verifyWindowMs: 0 };
    const app = await bootWithOutbox(world, [], { outbox: { relay } });
    const sizes: number[] = [];
    for (const round of upTo(40)) {
      await publish(
        app,
        upTo(100).map((n) => round * 100 + n),
      );
      sizes.push(await rows('1 = 1'));
    }
    await eventually(async () => (await rows('1 = 1')) === 0, { what: 'an empty table' });
    expect(await world.redis.client.xlen(world.stream)).toBe(4_000);
    expect(world.metrics.total(ROWS_PURGED, { table: 'safesync_outbox' })).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...sizes)).toBeLessThan(4_000);
  }, 60_000);

  it('control: keeps what it is told to keep', async () => {
    const app = await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20, purgeEveryMs: 20 } } });
    await publish(app, upTo(300));
    await nothingWaits();
    await publish(app, [300]);
    await nothingWaits();
    expect(await rows('state = 1')).toBe(301);
  });

  it('is purged although others hold locks in it, and publishers wait for nobody', async () => {
    const app = await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20 } } });
    await publish(app, upTo(50));
    await nothingWaits();
    await world.database.pool.query('UPDATE safesync_outbox SET available_at = available_at - INTERVAL 1 DAY');
    const holder = await world.database.pool.getConnection();
    await holder.query('SET innodb_lock_wait_timeout = 1');
    try {
      await holder.beginTransaction();
      const some = await world.database.rows<{ id: string }>('SELECT id FROM safesync_outbox ORDER BY id LIMIT 3');
      await holder.query('SELECT id FROM safesync_outbox WHERE id IN (?) FOR UPDATE', [some.map(({ id }) => id)]);
      await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20, purgeEveryMs: 20 } } });
      await eventually(async () => (await rows('state = 1')) === 3, { what: 'all but the locked rows are deleted' });
      await publish(app, [50]);
      await eventually(async () => (await world.redis.client.xlen(world.stream)) === 51, { what: 'the new message' });
    } finally {
      await holder.rollback();
      holder.release();
    }
    await eventually(async () => (await rows('state = 1')) === 1, { what: 'the rest is deleted' });
  });

  it('shows its backlog and the age of the oldest message, by stream', async () => {
    const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
    await publish(writer, upTo(7));
    await world.database.pool.query(
      'UPDATE safesync_outbox SET due_at = due_at - INTERVAL 90 SECOND ORDER BY id LIMIT 1',
    );
    // rows that a relay leaves alone
    await world.database.pool.query('UPDATE safesync_outbox SET available_at = available_at + INTERVAL 1 HOUR');
    await bootWithOutbox(world, []);
    const gauge = (metric: typeof OUTBOX_BACKLOG | typeof OUTBOX_OLDEST): number | undefined =>
      world.metrics.gauge(metric, { db: 'default', stream: world.stream });
    await eventually(() => gauge(OUTBOX_BACKLOG) === 7, { what: 'the backlog' });
    expect(gauge(OUTBOX_OLDEST)).toBeGreaterThanOrEqual(90);
    expect(await writer.get(Outbox).stats()).toMatchObject({ waiting: 7, failed: 0 });
  });

  it('names streams whose messages wait for another application', async () => {
    const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
    await publish(writer, [1]);
    await bootWithOutbox(world, [], { streams: [{ name: world.redis.key('another') }] });
    await eventually(
      () => world.log.some((line) => line.includes(`no module of this application registers: ${world.stream}`)),
      {
        what: 'the warning',
      },
    );
    expect(await rows('state = 0')).toBe(1);
  });
});

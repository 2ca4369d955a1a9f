import type { TestingModule } from '@nestjs/testing';
import { DbSessions, SafeSyncDbModule } from '@safesync/db';
import { OUTBOX_BACKLOG, OUTBOX_OLDEST, Outbox, SafeSyncOutboxModule } from '@safesync/outbox';
import { eventually } from '@safesync/testing';
import { type HandlerWorld, upTo } from '../queue/handler-world.js';
import { createTestDatabase } from '../support/mysql.js';
import { bootWithOutbox, createOutboxTables, publishedNumbers, useOutboxWorld } from './outbox-world.js';

/** What goes wrong with one stream, or waits in one database, says nothing of the others. */
describe('the streams and databases of a relay', () => {
  let world: HandlerWorld;

  useOutboxWorld((opened) => {
    world = opened;
  });

  const boot = (streams: readonly string[]): Promise<TestingModule> =>
    bootWithOutbox(world, [], {
      streams: streams.map((name) => ({ name })),
      outbox: { relay: { pollMs: 20 } },
    });
  const publishOneByOne = async (app: TestingModule): Promise<void> => {
    for (const n of upTo(20)) {
      await app.get(DbSessions).run((session) => app.get(Outbox).publish(session, world.stream, { n }));
      await eventually(async () => (await world.redis.client.xlen(world.stream)) === n + 1, { what: `message ${n}` });
    }
  };
  /** A stream of which nobody can say what it has: another type is stored under its name. */
  const makeBad = async (name: string): Promise<void> => {
    await world.redis.client.set(name, 'no stream');
    await insertRow(world.database, name, 1, 0);
  };
  const linesOf = (text: string): string[] => world.log.filter((line) => line.includes(text));

  it('pauses a stream that fails, says so once, and slows none of the others down', async () => {
    const bad = upTo(3).map((n) => world.redis.key(`bad${n}`));
    await Promise.all(bad.map(makeBad));
    const app = await boot([world.stream, ...bad]);
    // a Redis that does not know a script yet refuses it under another name first
    const conditions = (): string[][] =>
      bad.map((name) => {
        const lines = linesOf(`Messages of the outbox for stream "${name}"`);
        return [...new Set(lines.map((line) => line.replace('EVALSHA', 'EVAL')))];
      });
    await eventually(() => conditions().every(({ length }) => length > 0), { what: 'each is said to fail' });
    await publishOneByOne(app);
    expect(await publishedNumbers(world)).toEqual(upTo(20));
    for (const lines of conditions()) {
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/Redis fails, they wait in the table \(.*WRONGTYPE/);
    }
    // what all publishing loops would have waited for
    expect(linesOf('Publishing messages of the outbox')).toEqual([]);
    await world.redis.client.del(...bad);
    await eventually(() => conditions().every((lines) => lines.length === 2), {
      what: 'each goes on',
      withinMs: 20_000,
    });
    await eventually(async () => (await world.redis.client.xlen(bad[0] as string)) === 1, { what: 'what it had' });
  }, 60_000);

  it('control: a database that fails is the matter of all streams', async () => {
    await world.database.pool.query('RENAME TABLE safesync_outbox TO safesync_outbox_away');
    try {
      await boot([world.stream]);
      await eventually(() => linesOf('Publishing messages of the outbox: fails').length === 1, { what: 'the failure' });
      expect(linesOf(`Messages of the outbox for stream "${world.stream}"`)).toEqual([]);
    } finally {
      await world.database.pool.query('RENAME TABLE safesync_outbox_away TO safesync_outbox');
    }
  });

  it('shows the backlog of each database by itself', async () => {
    const other = await createTestDatabase();
    try {
      await createOutboxTables(other);
      for (const [database, ageS] of [
        [world.database, 40],
        [other, 100],
      ] as const)
        await insertRow(database, world.stream, 0, ageS);
      await bootWithOutbox(world, [], {
        imports: [
          SafeSyncDbModule.forRoot({ name: 'two', connection: { url: other.url, poolSize: 5 } }),
          SafeSyncOutboxModule.forRoot({ name: 'two' }),
        ],
      });
      const gauge = (db: string): number | undefined =>
        world.metrics.gauge(OUTBOX_OLDEST, { db, stream: world.stream });
      await eventually(() => (gauge('default') ?? 0) > 0 && (gauge('two') ?? 0) > 0, { what: 'both are counted' });
      expect(gauge('default')).toBeGreaterThanOrEqual(40);
      expect(gauge('default')).toBeLessThan(100);
      expect(gauge('two')).toBeGreaterThanOrEqual(100);
      expect(world.metrics.gauge(OUTBOX_BACKLOG, { db: 'two', stream: world.stream })).toBe(1);
    } finally {
      await world.closeApps();
      await other.drop();
    }
  });
});

type Database = HandlerWorld['database'];

/** A row that was published (`state` 1), or that waits, due for `ageS` seconds, and is put off. */
async function insertRow({ pool }: Database, stream: string, state: number, ageS: number): Promise<void> {
  await pool.query(
    'INSERT INTO safesync_outbox (message_id, stream, data, bytes, state, due_at, available_at, entry_id) ' +
      "VALUES ('m', ?, '{}', 2, ?, UTC_TIMESTAMP(6) - INTERVAL ? SECOND, UTC_TIMESTAMP(6) + INTERVAL ? SECOND, ?)",
    [stream, state, ageS, state === 0 ? 3_600 : 0, state === 0 ? null : '1-1'],
  );
}

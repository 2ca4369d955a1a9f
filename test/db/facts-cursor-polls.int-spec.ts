import type { DbSession } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { deferred, type HeldSession, holdSession } from './held-session.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/** Ids are given out at INSERT, rows are seen at COMMIT: the order of the one is not the order of the other. */
describe('M15 an outbox whose smaller id is committed later', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let published: number[];

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE outbox (id INT PRIMARY KEY, published TINYINT NOT NULL DEFAULT 0, KEY state (published, id))',
    );
    db = await openSessions(database.url, { poolSize: 4 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM outbox');
    published = [];
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const write = (id: number): Promise<HeldSession> =>
    holdSession(
      (work) => db.sessions.run(work),
      (session) => session.execute('INSERT INTO outbox (id) VALUES (:id)', { id }),
    );

  /** The same for every relay: row 1 is written first and committed last, and each commit is followed by a poll. */
  async function interleaved(poll: () => Promise<void>): Promise<void> {
    const first = await write(1);
    const second = await write(2);
    await second.commit();
    await poll();
    await first.commit();
    for (let turn = 0; turn < 3; turn += 1) await poll();
  }

  it('control: a relay that polls by id > cursor never sees row 1', async () => {
    let cursor = 0;
    await interleaved(async () => {
      const rows = await database.rows<{ id: number }>('SELECT id FROM outbox WHERE id > ? ORDER BY id', [cursor]);
      for (const { id } of rows) {
        published.push(id);
        cursor = id;
      }
    });
    expect(published).toEqual([2]);
    expect(await database.rows('SELECT id FROM outbox ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  /** Claims what is committed and not published; rows that another transaction has are none of its business. */
  async function claim(session: DbSession): Promise<number[]> {
    const rows = await session.fetchAll<{ id: number }>(
      'SELECT id FROM outbox WHERE published = 0 ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED',
    );
    for (const { id } of rows) await session.execute('UPDATE outbox SET published = 1 WHERE id = :id', { id });
    return rows.map(({ id }) => id);
  }
  const relay = async (): Promise<void> => {
    published.push(...(await db.sessions.run(claim)));
  };

  it('cure: a relay that claims by state sees both, each once', async () => {
    await interleaved(relay);
    expect(published).toEqual([2, 1]);
    expect(await database.rows('SELECT id FROM outbox WHERE published = 0')).toEqual([]);
  });

  it('cure: what a relay had claimed and rolled back comes again', async () => {
    await (await write(1)).commit();
    const failed = db.sessions.run(async (session) => {
      expect(await claim(session)).toEqual([1]);
      throw new Error('the broker is away');
    });
    await expect(failed).rejects.toThrow('the broker is away');
    await relay();
    expect(published).toEqual([1]);
  });

  describe('and two relays', () => {
    beforeEach(async () => {
      for (const id of [1, 2]) await (await write(id)).commit();
    });

    const byId = (one: number, other: number): number => one - other;

    /** Both have read before either has committed. */
    async function together(read: (session: DbSession) => Promise<number[]>): Promise<void> {
      const bothHaveRead = deferred<void>();
      let readers = 0;
      const run = (): Promise<void> =>
        db.sessions.run(async (session) => {
          published.push(...(await read(session)));
          readers += 1;
          if (readers === 2) bothHaveRead.resolve();
          await bothHaveRead.promise;
        });
      await Promise.all([run(), run()]);
    }

    it('control: publish every row twice when the state is read without a lock', async () => {
      await together(async (session) => {
        const rows = await session.fetchAll<{ id: number }>('SELECT id FROM outbox WHERE published = 0 ORDER BY id');
        return rows.map(({ id }) => id);
      });
      expect(published.toSorted(byId)).toEqual([1, 1, 2, 2]);
    });

    it('cure: publish every row once when it is claimed', async () => {
      await together(claim);
      expect(published.toSorted(byId)).toEqual([1, 2]);
    });
  });
});

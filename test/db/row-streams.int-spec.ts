import { inspect } from 'node:util';
import { type DbSession, Tables } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, type OpenSessionsOptions, openSessions } from './open-sessions.js';

interface Item {
  readonly id: number;
  readonly text: string;
}

const ROWS = 20_000;

describe('rows one by one', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  const open = async (url = database.url, options: OpenSessionsOptions = {}): Promise<OpenSessions> => {
    db = await openSessions(url, options);
    return db;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, text VARCHAR(200) NOT NULL)');
    const digits =
      '(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)';
    await database.pool.query(
      `INSERT INTO items SELECT n, REPEAT('x', 150) FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n ` +
        `FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, (SELECT 0 d UNION SELECT 1) f) numbers`,
    );
  });
  afterEach(() => db?.close());
  afterAll(() => database?.drop());

  describe('of a session', () => {
    it('are those of the statement, in its transaction, and the session goes on', async () => {
      const { sessions } = await open();
      const sum = await sessions.run(async (session) => {
        await session.execute('INSERT INTO items VALUES (-1, :text)', { text: 'new' });
        let ids = 0;
        const rows = session.stream<Item>('SELECT id FROM items WHERE id < :limit ORDER BY id', { limit: 100 });
        for await (const { id } of rows) ids += id;
        await session.execute('DELETE FROM items WHERE id = -1');
        return ids;
      });
      expect(sum).toBe(4_949);
    });

    it('wait at the server for their reader, few of them in memory', async () => {
      const { sessions } = await open();
      await sessions.run(async (session) => {
        const { stream } = session.internals.connection.driverConnection as unknown as {
          stream: { bytesRead: number };
        };
        const before = stream.bytesRead;
        let atFirst = 0;
        let count = 0;
        for await (const _ of session.stream('SELECT * FROM items')) {
          count += 1;
          if (count === 1) atFirst = stream.bytesRead - before;
        }
        const all = stream.bytesRead - before;
        expect(count).toBe(ROWS);
        expect(all).toBeGreaterThan(ROWS * 150);
        expect(atFirst).toBeLessThan(all / 10);
      });
    });

    it('leave no room for another statement: an error, and not a wait for each other', async () => {
      const { sessions } = await open();
      const refused: unknown[] = [];
      await sessions.run(async (session) => {
        const others: (() => Promise<unknown>)[] = [
          () => session.execute('DO 1'),
          () => session.savepoint(async () => undefined),
          () => session.manager.query('SELECT 1'),
          () => session.stream('SELECT 1').next(),
          () => new Tables(sessions).of('items', session).count(),
        ];
        for await (const _ of session.stream('SELECT * FROM items LIMIT 1')) {
          for (const other of others) await other().catch((error: unknown) => refused.push(error));
        }
        await session.execute('DO 1');
      });
      expect(refused).toHaveLength(5);
      for (const error of refused) expect(error).toMatchObject({ code: 'CONCURRENT_USE' });
    });

    it('that are not wanted any more are dropped', async () => {
      const { sessions } = await open(database.url, { poolSize: 1 });
      const thread = await sessions.run(async (session) => {
        for await (const { id } of session.stream<Item>('SELECT * FROM items ORDER BY id')) if (id === 3) break;
        return Number(await session.executeScalar('SELECT CONNECTION_ID()'));
      });
      const again = sessions.run((session) => session.executeScalar('SELECT CONNECTION_ID()'));
      expect(Number(await again)).toBe(thread);
    });

    it('end with the loop that throws, and the session rolls back', async () => {
      const { sessions } = await open();
      const run = sessions.run(async (session) => {
        await session.execute('UPDATE items SET text = :text', { text: 'lost' });
        for await (const _ of session.stream('SELECT * FROM items')) throw new Error('thrown');
      });
      await expect(run).rejects.toThrow('thrown');
      expect(await database.rows("SELECT id FROM items WHERE text = 'lost'")).toEqual([]);
    });

    it('that nobody reads to their end undo the session, a savepoint too', async () => {
      const { sessions } = await open();
      const begin = async (session: DbSession): Promise<void> => {
        await session.execute('UPDATE items SET text = :text WHERE id = 1', { text: 'lost' });
        await session.stream('SELECT * FROM items').next();
      };
      const plain = sessions.run(begin);
      await expect(plain).rejects.toMatchObject({ code: 'UNAWAITED_STATEMENTS' });
      const nested = sessions.run((session) => session.savepoint(() => begin(session)));
      await expect(nested).rejects.toMatchObject({ code: 'UNAWAITED_STATEMENTS' });
      expect(await database.rows("SELECT id FROM items WHERE text = 'lost'")).toEqual([]);
    });

    it('are not ended by the time limit of a statement, which holds again afterwards', async () => {
      const { sessions } = await open(database.url, { statementTimeoutMs: 300, defaults: { lockWaitMs: 200 } });
      await sessions.run(async (session) => {
        const slow = 'SELECT SLEEP(0.2) AS slept FROM items ORDER BY id LIMIT 6';
        let count = 0;
        for await (const row of session.stream<{ slept: unknown }>(slow)) count += Number(row.slept) + 1;
        expect(count).toBe(6);
        const endless = 'SELECT COUNT(*) FROM items a, items b, items c WHERE a.id + b.id < c.id';
        await expect(session.fetchAll(endless)).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
      });
    });

    it.each([
      ['that is wrong', 'SELECT * FROM nowhere', {}, 'STATEMENT_FAILED'],
      ['that is refused', 'TRUNCATE items', {}, 'STATEMENT_REFUSED'],
      ['whose parameter is missing', 'SELECT :x', {}, 'INVALID_PARAMETER'],
    ])('of a statement %s throw the error of the library at the first one', async (_, sql, params, code) => {
      const { sessions } = await open();
      await sessions.run(async (session) => {
        await expect(session.stream(sql, params).next()).rejects.toMatchObject({ code });
        await session.execute('DO 1');
      });
    });

    it('that nobody reads on undo the session also when the server has sent them all', async () => {
      const { sessions } = await open();
      const hooks: string[] = [];
      const run = sessions.run(async (session) => {
        session.afterRollback(() => void hooks.push('rollback'));
        await session.execute('UPDATE items SET text = :text WHERE id = 1', { text: 'lost' });
        await session.stream('SELECT id FROM items LIMIT 3').next();
        // by then the answer has come as a whole
        await database.pool.query('SELECT SLEEP(0.05)');
      });
      await expect(run).rejects.toMatchObject({ code: 'UNAWAITED_STATEMENTS' });
      expect(hooks).toEqual(['rollback']);
      expect(await database.rows("SELECT id FROM items WHERE text = 'lost'")).toEqual([]);
    });

    it.each([1, 50, 2_000])('of TypeORM may be the last thing a session does: %p', async (count) => {
      const { sessions } = await open();
      const read = await sessions.run(async ({ manager }) => {
        const rows = await manager.createQueryBuilder().select('*').from('items', 'i').limit(count).stream();
        let sum = 0;
        for await (const _ of rows) sum += 1;
        return sum;
      });
      expect(read).toBe(count);
    });

    it('of TypeORM end in the error of the library', async () => {
      const { sessions } = await open();
      const seen: unknown[] = [];
      const run = sessions.run(async ({ manager }) => {
        const rows = await manager.queryRunner?.stream("SELECT nope FROM items WHERE text = 'CANARY'");
        rows?.on('error', (error) => seen.push(error));
        const read = async (): Promise<void> => {
          for await (const _ of rows ?? []) seen.push('a row');
        };
        await read().catch((error: unknown) => seen.push(error));
      });
      await run;
      expect(seen).toHaveLength(2);
      for (const error of seen) {
        expect(error).toMatchObject({ code: 'STATEMENT_FAILED' });
        expect(inspect(error, { depth: 9 })).not.toContain('CANARY');
      }
    });

    it('of TypeORM are refused where statements are', async () => {
      const { sessions } = await open();
      await sessions.run(async ({ manager }) => {
        await expect(manager.queryRunner?.stream('TRUNCATE items')).rejects.toMatchObject({
          code: 'STATEMENT_REFUSED',
        });
      });
    });

    it('are none where the statement has no result', async () => {
      const { sessions } = await open();
      const run = sessions.run((session) => session.stream('UPDATE items SET text = text WHERE id = 1').next());
      await expect(run).rejects.toMatchObject({ code: 'NO_RESULT' });
    });
  });

  describe('of a table', () => {
    it('come in a session of the loop’s own, which its body is no part of', async () => {
      const { sessions } = await open(database.url, { poolSize: 2 });
      const items = new Tables(sessions).of<Item>('items');
      const ids: number[] = [];
      for await (const { id } of items.stream({ where: { id: [1, 2, 3] }, orderBy: [['id', 'DESC']] })) {
        await items.update({ where: { id }, set: { text: `seen ${id}` } });
        ids.push(id);
      }
      expect(ids).toEqual([3, 2, 1]);
      expect(await items.count({ text: ['seen 1', 'seen 2', 'seen 3'] })).toBe(3);
    });

    it('leave every connection in the pool, also when the loop is left or throws', async () => {
      const { sessions } = await open(database.url, { poolSize: 1 });
      const items = new Tables(sessions).of<Item>('items');
      for await (const _ of items.stream()) break;
      const thrown = (async () => {
        for await (const _ of items.stream()) throw new Error('thrown');
      })();
      await expect(thrown).rejects.toThrow('thrown');
      await expect(items.stream({ where: { nothing: 1 } as never }).next()).rejects.toMatchObject({
        code: 'UNKNOWN_COLUMN',
      });
      expect(await items.count()).toBe(ROWS);
    });

    it('can be those of an open session', async () => {
      const { sessions } = await open(database.url, { poolSize: 1 });
      const tables = new Tables(sessions);
      await sessions.run(async (session) => {
        let count = 0;
        for await (const _ of tables.of('items', session).stream({ limit: 7 })) count += 1;
        expect(count).toBe(7);
        await expect(tables.of('items').stream().next()).rejects.toMatchObject({ code: 'NESTED_SESSION' });
      });
    });
  });
});

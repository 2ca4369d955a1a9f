import { DuplicateKeyError, MultipleRowsError, SessionClosedError, StatementFailedError } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { FLAGS, type OpenSessions, openSessions } from './open-sessions.js';

describe.each(FLAGS)('a session, %s', (flags, driver) => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), amount BIGINT, price DECIMAL(38,18), at DATETIME(6), raw VARBINARY(20), flag TINYINT(1))',
    );
    db = await openSessions(database.url, { driver });
  });
  beforeEach(async () => {
    await database.pool.query('TRUNCATE items');
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const names = async (): Promise<unknown[]> =>
    (await database.rows<{ name: string }>('SELECT name FROM items ORDER BY id')).map(({ name }) => name);
  const insert = 'INSERT INTO items (name) VALUES (:name)';

  it('D1 commits what a callback that returns has written, and returns its value', async () => {
    const value = await db.sessions.run(async (session) => {
      await session.execute(insert, { name: 'kept' });
      return 'value';
    });
    expect(value).toBe('value');
    expect(await names()).toEqual(['kept']);
  });

  it('D2 rolls back what a callback that throws has written, and throws the very same error', async () => {
    const error = new Error('mine');
    const run = db.sessions.run(async (session) => {
      await session.execute(insert, { name: 'lost' });
      throw error;
    });
    await expect(run).rejects.toBe(error);
    expect(await names()).toEqual([]);
  });

  it('D2 rolls back when the callback throws before it is asynchronous', async () => {
    const run = db.sessions.run((): Promise<void> => {
      throw new Error('at once');
    });
    await expect(run).rejects.toThrow('at once');
  });

  it('D3 refuses every use of a session that has ended, by the name of the method', async () => {
    const session = await db.sessions.run(async (given) => given);
    expect(session.isActive).toBe(false);
    await expect(session.execute('SELECT 1')).rejects.toThrow(/^execute was called on a session that has ended/);
    await expect(session.executeResult('SELECT 1')).rejects.toBeInstanceOf(SessionClosedError);
    await expect(session.executeMany('SELECT 1', [{}])).rejects.toThrow(/^executeMany/);
    await expect(session.executeScalar('SELECT 1')).rejects.toThrow(/^executeScalar/);
    await expect(session.fetchOne('SELECT 1')).rejects.toThrow(/^fetchOne/);
    await expect(session.fetchAll('SELECT 1')).rejects.toThrow(/^fetchAll/);
    await expect(session.savepoint(async () => undefined)).rejects.toThrow(/^savepoint/);
    await expect(session.manager.query('SELECT 1')).rejects.toThrow(/^manager.query/);
    expect(() => session.afterCommit(() => undefined)).toThrow(/^afterCommit/);
    expect(() => session.afterRollback(() => undefined)).toThrow(/^afterRollback/);
  });

  it('D4 refuses a session inside a session', async () => {
    const nested = db.sessions.run(() => db.sessions.run(async () => 'inner'));
    await expect(nested).rejects.toMatchObject({ code: 'NESTED_SESSION' });
  });

  it('D5 counts the rows an insert, an update or a delete met, changed or not', async () => {
    await db.sessions.run(async (session) => {
      expect(await session.execute("INSERT INTO items (name) VALUES ('a'), ('b'), ('c')")).toBe(3);
      expect(await session.execute("UPDATE items SET name = 'a' WHERE name = 'a'")).toBe(1);
      expect(await session.execute("UPDATE items SET name = 'x' WHERE name = 'nobody'")).toBe(0);
      expect(await session.execute("UPDATE items SET name = 'c'")).toBe(3);
      expect(await session.execute('SELECT * FROM items')).toBe(3);
      expect(await session.execute('DELETE FROM items')).toBe(3);
    });
  });

  it("control: the driver's own count depends on the flag", async () => {
    await database.pool.query("INSERT INTO items (name) VALUES ('a')");
    const reply: unknown = await db.dataSource.query("UPDATE items SET name = 'a'");
    expect(reply).toMatchObject({ affectedRows: flags === 'with FOUND_ROWS' ? 1 : 0 });
  });

  it('W14 tells matched from changed rows and the generated id as text', async () => {
    await db.sessions.run(async (session) => {
      const inserted = await session.executeResult('INSERT INTO items (id, name) VALUES (:id, :n)', { id: 41, n: 'a' });
      expect(inserted).toEqual({ affectedRows: 1, changedRows: 1, insertId: expect.any(String) });
      expect((await session.executeResult(insert, { name: 'b' })).insertId).toBe('42');
      const updated = await session.executeResult("UPDATE items SET name = 'b'");
      expect(updated).toEqual({ affectedRows: 2, changedRows: 1, insertId: '0' });
      const read = await session.executeResult('SELECT * FROM items');
      expect(read).toEqual({ affectedRows: 2, changedRows: 2, insertId: '0' });
    });
  });

  it('D6 binds parameters by name', async () => {
    await db.sessions.run((session) =>
      session.execute('INSERT INTO items (name, amount) VALUES (:name, :amount)', {
        name: "O'Brien :amount",
        amount: 7,
      }),
    );
    expect(await database.rows('SELECT name, amount FROM items')).toEqual([{ name: "O'Brien :amount", amount: '7' }]);
  });

  it('D8 fetchOne gives the row, null, or an error for a second one', async () => {
    await db.sessions.run(async (session) => {
      expect(await session.fetchOne('SELECT 1 AS a, NULL AS b')).toEqual({ a: expect.anything(), b: null });
      expect(await session.fetchOne('SELECT 1 AS a FROM items')).toBeNull();
      await expect(session.fetchOne('SELECT 1 UNION SELECT 2')).rejects.toBeInstanceOf(MultipleRowsError);
      expect(session.isActive).toBe(true);
    });
  });

  it('D9 fetchAll gives the rows in order, or none', async () => {
    await db.sessions.run(async (session) => {
      expect(await session.fetchAll('SELECT name FROM items')).toEqual([]);
      expect(await session.executeMany(insert, [{ name: 'a' }, { name: 'b' }, { name: 'c' }])).toBe(3);
      expect(await session.fetchAll('SELECT name FROM items ORDER BY name DESC')).toEqual([
        { name: 'c' },
        { name: 'b' },
        { name: 'a' },
      ]);
      expect(await session.executeMany(insert, [])).toBe(0);
    });
  });

  it('D10 executeScalar gives the first column, null for NULL and for no row, an error for a second row', async () => {
    await db.sessions.run(async (session) => {
      expect(Number(await session.executeScalar('SELECT 5, 3'))).toBe(5);
      expect(await session.executeScalar('SELECT NULL')).toBeNull();
      expect(await session.executeScalar('SELECT name FROM items')).toBeNull();
      await expect(session.executeScalar('SELECT 1 UNION SELECT 2')).rejects.toBeInstanceOf(MultipleRowsError);
    });
    const failing = db.sessions.run(async (session) => {
      await session.execute(insert, { name: 'lost' });
      await session.executeScalar('SELECT 1');
      throw new Error('after a scalar');
    });
    await expect(failing).rejects.toThrow('after a scalar');
    expect(await names()).toEqual([]);
  });

  it('D11 does not swallow a duplicate, and can go on after it', async () => {
    await db.sessions.run(async (session) => {
      await session.execute("INSERT INTO items (id, name) VALUES (1, 'a')");
      const again = session.execute("INSERT INTO items (id, name) VALUES (1, 'b')");
      await expect(again).rejects.toBeInstanceOf(DuplicateKeyError);
      await expect(again).rejects.toMatchObject({ key: 'PRIMARY', errno: 1062 });
      await session.execute("INSERT INTO items (id, name) VALUES (2, 'c')");
    });
    expect(await names()).toEqual(['a', 'c']);
  });

  it('asks for rows only of statements that have some', async () => {
    await db.sessions.run(async (session) => {
      await expect(session.fetchAll("INSERT INTO items (name) VALUES ('a')")).rejects.toBeInstanceOf(
        StatementFailedError,
      );
    });
  });

  it('pings', async () => {
    await expect(db.sessions.ping()).resolves.toBeUndefined();
  });
});

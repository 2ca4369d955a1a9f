import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

describe('what a session sends and how it runs', () => {
  let database: TestDatabase;
  let db: OpenSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), amount BIGINT, price DECIMAL(38,18), at DATETIME(6), raw VARBINARY(20), flag TINYINT(1))',
    );
    db = await openSessions(database.url);
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

  it('M37 brings every text back as it went, one value for one parameter', async () => {
    const unit = fc.oneof(
      fc.constantFrom(...Array.from('\'"`\\;:-#/*%_? \n\0\x1a\u00e9\u{1F600}')),
      fc.string({ maxLength: 3 }),
    );
    const text = fc.array(unit, { maxLength: 20 }).map((units) => units.join(''));
    await db.sessions.run(async (session) => {
      const echo = fc.asyncProperty(
        text,
        text,
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        async (a, b, n) => {
          const row = await session.fetchOne('SELECT :a AS a, CAST(:n AS SIGNED) AS n, :b AS b -- :a', { a, b, n });
          // whether a small number is text or not is the server's choice of type
          expect({ ...row, n: String(row?.n) }).toEqual({ a, b, n: String(n) });
        },
      );
      await fc.assert(echo, { numRuns: 500 });
    });
  });

  it('DB-14 brings money, instants, bytes and big numbers back as they were', async () => {
    const at = new Date('2026-10-25T00:59:59.123Z');
    const row = await db.sessions.run(async (session) => {
      await session.execute(
        'INSERT INTO items (amount, price, at, raw, flag) VALUES (:amount, :price, :at, :raw, :flag)',
        {
          amount: 2n ** 63n - 1n,
          price: '12345678901234567890.123456789012345678',
          at,
          raw: Buffer.from([0, 255, 39, 92]),
          flag: true,
        },
      );
      return session.fetchOne('SELECT amount, price, at, raw, flag, CAST(at AS CHAR) AS text FROM items');
    });
    expect(row).toEqual({
      amount: '9223372036854775807',
      price: '12345678901234567890.123456789012345678',
      at,
      raw: Buffer.from([0, 255, 39, 92]),
      flag: 1,
      text: '2026-10-25 00:59:59.123000',
    });
  });

  it('DB-2 runs at READ COMMITTED, in UTC, with a lock wait of 5 s', async () => {
    const mariadb = db.sessions.dialect.name === 'mariadb';
    const row = await db.sessions.run((session) =>
      session.fetchOne(
        `SELECT @@SESSION.${mariadb ? 'tx_isolation' : 'transaction_isolation'} AS level, @@SESSION.time_zone AS zone, @@SESSION.innodb_lock_wait_timeout AS wait`,
      ),
    );
    expect(row).toMatchObject({ level: 'READ-COMMITTED', zone: '+00:00' });
    expect(Number(row?.wait)).toBe(5);
  });

  it('DB-2 runs at the isolation level asked for, once', async () => {
    const sees = async (isolation?: 'REPEATABLE READ'): Promise<boolean> =>
      db.sessions.run(
        async (session) => {
          await session.fetchAll('SELECT * FROM items');
          await database.pool.query("INSERT INTO items (name) VALUES ('meanwhile')");
          return (await session.fetchAll('SELECT * FROM items')).length > 0;
        },
        { isolation },
      );
    expect(await sees('REPEATABLE READ')).toBe(false);
    await database.pool.query('TRUNCATE items');
    expect(await sees()).toBe(true);
  });

  it('DB-2 refuses writes in a read-only session', async () => {
    const run = db.sessions.run((session) => session.execute(insert, { name: 'x' }), { readOnly: true });
    await expect(run).rejects.toMatchObject({ errno: 1792 });
    expect(await names()).toEqual([]);
  });

  it('DB-2 gives the lock wait asked for to this session only', async () => {
    const wait = (lockWaitMs?: number): Promise<unknown> =>
      db.sessions.run((session) => session.executeScalar('SELECT @@SESSION.innodb_lock_wait_timeout'), { lockWaitMs });
    for (let index = 0; index < 4; index += 1) {
      expect(Number(await wait(1_500))).toBe(2);
      expect(Number(await wait())).toBe(5);
    }
  });

  it('refuses options that cannot be', async () => {
    const work = async (): Promise<void> => undefined;
    await expect(db.sessions.run(work, { isolation: 'SNAPSHOT; DROP' as never })).rejects.toThrow(/isolation must be/);
    await expect(db.sessions.run(work, { timeoutMs: 0 })).rejects.toThrow(/timeoutMs must be/);
    await expect(db.sessions.run(work, { lockWaitMs: -1 })).rejects.toThrow(/lockWaitMs must be/);
  });
});

import {
  type DbSession,
  DbWriteError,
  DuplicateKeyError,
  InvalidIdentifierError,
  InvalidParameterError,
  insertIdempotent,
  RowAlteredError,
  SessionAbortedError,
} from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { holdSession, runningStatement } from './held-session.js';

describe('idempotent inserts', () => {
  let database: TestDatabase;
  let db: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE kinds (id INT PRIMARY KEY)');
    await database.pool.query('INSERT INTO kinds VALUES (1)');
    await database.pool.query(
      'CREATE TABLE transfers (id VARBINARY(64) PRIMARY KEY, reference VARCHAR(20) UNIQUE, kind INT NOT NULL DEFAULT 1, ' +
        'amount DECIMAL(10, 2) NOT NULL DEFAULT 0, at DATETIME NULL, note VARCHAR(5), ' +
        'CONSTRAINT fk_kind FOREIGN KEY (kind) REFERENCES kinds (id), CONSTRAINT positive CHECK (amount >= 0))',
    );
    db = await openContender(database.url, { poolSize: 3 });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM transfers');
    await database.pool.query("INSERT INTO transfers (id, reference, amount) VALUES ('there', 'ref', 7.50)");
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  type NewRow = Parameters<Contender['inserts']['insert']>[2];
  const insert = (row: NewRow, options?: { onKey: string }): Promise<boolean> =>
    db.sessions.run((session) => db.inserts.insert(session, 'transfers', row, options));
  const ids = async (): Promise<string[]> =>
    (await database.rows<{ id: Buffer }>('SELECT id FROM transfers ORDER BY id')).map(({ id }) => id.toString());

  describe('insertIdempotent, as the ancestor has it', () => {
    const sql = 'INSERT INTO transfers (id, reference) VALUES (:id, :reference)';
    const run = (params: { id: string; reference: string }, options?: { onKey: string }): Promise<boolean> =>
      db.sessions.run((session) => insertIdempotent(session, sql, params, options));

    it('is true for a new row and false for one that is there', async () => {
      expect(await run({ id: 'new', reference: 'new' })).toBe(true);
      expect(await run({ id: 'there', reference: 'other' })).toBe(false);
      expect(await ids()).toEqual(['new', 'there']);
    });

    it('leaves the session usable after a duplicate', async () => {
      await db.sessions.run(async (session) => {
        expect(await insertIdempotent(session, sql, { id: 'there', reference: 'x' })).toBe(false);
        expect(await insertIdempotent(session, sql, { id: 'after', reference: 'x' })).toBe(true);
      });
      expect(await ids()).toEqual(['after', 'there']);
    });

    it('takes any unique key for a duplicate unless told which one', async () => {
      const clash = { id: 'fresh', reference: 'ref' };
      expect(await run(clash)).toBe(false);
      expect(await run(clash, { onKey: 'reference' })).toBe(false);
      const other = run(clash, { onKey: 'PRIMARY' });
      await expect(other).rejects.toThrow(DuplicateKeyError);
      await expect(other).rejects.toMatchObject({ key: 'reference' });
    });

    it.each([
      "INSERT IGNORE INTO transfers (id, reference) VALUES ('there', 'x')",
      "INSERT INTO transfers (id, reference) VALUES ('there', 'x') ON DUPLICATE KEY UPDATE reference = 'x'",
      "REPLACE INTO transfers (id, reference) VALUES ('there', 'x')",
    ])('refuses %j, which says nothing about who was first', async (text) => {
      const refused = db.sessions.run((session) => insertIdempotent(session, text));
      await expect(refused).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
    });

    it('does not take an INSERT of no rows for done', async () => {
      const none = "INSERT INTO transfers (id, reference) SELECT 'new', 'new' FROM transfers WHERE id = 'nowhere'";
      await expect(db.sessions.run((session) => insertIdempotent(session, none))).rejects.toThrow(/no row to insert/);
    });

    it('throws every other error', async () => {
      const orphan = "INSERT INTO transfers (id, kind) VALUES ('orphan', 99)";
      await expect(db.sessions.run((session) => insertIdempotent(session, orphan))).rejects.toThrow(DbWriteError);
      const wrong = db.sessions.run((session) => insertIdempotent(session, 'INSERT INTO nowhere VALUES (1)'));
      await expect(wrong).rejects.toMatchObject({ errno: 1146 });
    });
  });

  describe('insert', () => {
    it('is true for a new row and false for one that is there, in either session', async () => {
      expect(await insert({ id: 'new', amount: '1.25' })).toBe(true);
      expect(await insert({ id: 'new', amount: '9.99' })).toBe(false);
      await db.sessions.run(async (session) => {
        expect(await db.inserts.insert(session, 'transfers', { id: 'twice' })).toBe(true);
        expect(await db.inserts.insert(session, 'transfers', { id: 'twice' })).toBe(false);
      });
      expect(await database.rows("SELECT amount FROM transfers WHERE id = 'new'")).toEqual([{ amount: '1.25' }]);
    });

    it('insists on one key: a duplicate on another throws, and the session goes on', async () => {
      expect(await insert({ id: 'there' }, { onKey: 'primary' })).toBe(false);
      expect(await insert({ id: 'fresh', reference: 'ref' })).toBe(false);
      await db.sessions.run(async (session) => {
        const other = db.inserts.insert(session, 'transfers', { id: 'fresh', reference: 'ref' }, { onKey: 'PRIMARY' });
        await expect(other).rejects.toMatchObject({ name: 'DuplicateKeyError', key: 'reference' });
        expect(await db.inserts.insert(session, 'transfers', { id: 'next' })).toBe(true);
      });
      expect(await ids()).toEqual(['next', 'there']);
    });

    it('waits for whoever inserts the same key, and inserts when that one rolls back', async () => {
      const run = db.sessions.run.bind(db.sessions);
      for (const [ending, expected] of [
        ['commit', false],
        ['rollback', true],
      ] as const) {
        const row = { id: `contested-${ending}` };
        const held = await holdSession(run, (session) => db.inserts.insert(session, 'transfers', row));
        const waiting = insert(row);
        await runningStatement(database, 'INSERT IGNORE');
        await held[ending]();
        expect(await waiting).toBe(expected);
      }
    });

    const altered: [string, NewRow][] = [
      ['a text that is too long', { id: 'bad', note: 'far too long canary' }],
      ['a date that does not exist', { id: 'bad', at: '2024-02-31 00:00:00' }],
      ['a number that is none', { id: 'bad', amount: 'canary' }],
      ['a number that is too large', { id: 'bad', amount: '99999999999' }],
      ['null in a column that has none', { id: 'bad', amount: null }],
      ['an amount with more digits than the column keeps', { id: 'bad', amount: '1.005' }],
      ['a key that is too long', { id: `there${'x'.repeat(80)}` }],
    ];
    it.each(altered)('never stores %s: typed error, nothing durable even when it is swallowed', async (_what, row) => {
      const swallowing = db.sessions.run(async (session) => {
        await session.execute("UPDATE transfers SET note = 'lost' WHERE id = 'there'");
        await db.inserts.insert(session, 'transfers', row).catch((error: unknown) => {
          expect(error).toBeInstanceOf(RowAlteredError);
          expect(String(error)).toContain('"transfers"');
          expect(String(error)).not.toContain('canary');
        });
      });
      await expect(swallowing).rejects.toThrow(SessionAbortedError);
      expect(await ids()).toEqual(['there']);
      expect(await database.rows('SELECT note FROM transfers')).toEqual([{ note: null }]);
    });

    it.each<[string, NewRow, string]>([
      ['a foreign key', { id: 'orphan', kind: 99 }, 'fk_kind'],
      ['a check', { id: 'negative', amount: '-1' }, 'positive'],
    ])('throws when %s refuses the row, which IGNORE may only warn about', async (_what, row, constraint) => {
      const refused = insert(row);
      await expect(refused).rejects.toThrow(DbWriteError);
      await expect(refused).rejects.not.toThrow(DuplicateKeyError);
      await expect(refused).rejects.toThrow(constraint);
      expect(await ids()).toEqual(['there']);
    });

    it('takes its own warnings even while other statements of the session are under way', async () => {
      const outcomes = await db.sessions.run((session) =>
        Promise.all([
          db.inserts.insert(session, 'transfers', { id: 'there' }),
          session.fetchAll('SELECT * FROM kinds'),
          db.inserts.insert(session, 'transfers', { id: 'parallel' }),
          session.fetchAll('SELECT * FROM kinds'),
        ]),
      );
      expect([outcomes[0], outcomes[2]]).toEqual([false, true]);
    });

    it('refuses an empty row, values that SQL cannot hold, and names that cannot be one', async () => {
      await expect(insert({})).rejects.toThrow('"row" must name at least one column');
      await expect(insert({ id: undefined as unknown as string })).rejects.toThrow(InvalidParameterError);
      await expect(insert({ id: { toString: () => 'x' } as unknown as string })).rejects.toThrow(/_id" is an object/);
      await expect(insert({ 'id) VALUES (1); --': 1 })).rejects.toThrow(InvalidIdentifierError);
    });
  });

  describe('insertOrFetch', () => {
    const insertOrFetch = (session: DbSession, row: NewRow, keys: string[] = ['id']) =>
      db.inserts.insertOrFetch(session, 'transfers', row, keys);

    it('refuses a key of no columns before it inserts', async () => {
      const run = db.sessions.run((session) => insertOrFetch(session, { id: 'new' }, []).catch(() => undefined));
      expect(await run).toBeUndefined();
      expect(await ids()).toEqual(['there']);
    });

    it('resolves to the row as stored, with defaults, whoever inserted it', async () => {
      await db.sessions.run(async (session) => {
        const first = await insertOrFetch(session, { id: 'new', amount: '2.50' });
        expect(first).toMatchObject({ inserted: true, row: { amount: '2.50', kind: 1 } });
        const second = await insertOrFetch(session, { id: 'there', amount: '2.50' });
        expect(second).toMatchObject({ inserted: false, row: { amount: '7.50', reference: 'ref' } });
      });
    });

    it('W8 sees a row committed after its snapshot (REPEATABLE READ), or begins anew where the server insists on that', async () => {
      let attempts = 0;
      const found = await db.sessions.withRetry(
        async (session, attempt) => {
          attempts = attempt;
          await session.fetchAll('SELECT * FROM kinds');
          if (attempt === 1) await database.pool.query("INSERT INTO transfers (id, amount) VALUES ('late', 3)");
          return insertOrFetch(session, { id: 'late' });
        },
        { isolation: 'REPEATABLE READ' },
      );
      expect(found).toMatchObject({ inserted: false, row: { amount: '3.00' } });
      const isStrict = await database.rows(
        "SHOW VARIABLES WHERE Variable_name = 'innodb_snapshot_isolation' AND Value = 'ON'",
      );
      expect(attempts).toBe(1 + isStrict.length);
    });

    it('throws when another unique key than the given one is taken', async () => {
      const clash = db.sessions.run((session) => insertOrFetch(session, { id: 'fresh', reference: 'ref' }));
      await expect(clash).rejects.toMatchObject({ name: 'DuplicateKeyError', key: 'reference' });
    });

    it('refuses keys without a value', async () => {
      const keyless = db.sessions.run((session) => insertOrFetch(session, { id: 'x' }, ['id', 'reference']));
      await expect(keyless).rejects.toThrow('"reference" is part of the key');
      const none = db.sessions.run((session) => insertOrFetch(session, { id: 'x' }, []));
      await expect(none).rejects.toThrow('must name at least one column');
      expect(await ids()).toEqual(['there']);
    });
  });
});

import { isSafeSyncError } from '@safesync/core';
import type { DbSession } from '@safesync/db';
import { IdempotentInserts, isRetryable, occUpdate, RowLocks, type SqlValue, type Table, Tables } from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type CapturedSql, captureSql } from './captured-sql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { shapeOf } from './sql-shape.js';

const EVIL = "x' OR '1'='1";

/** SE-1: objects with methods of their own, as code in the same process could pass them. */
describe('objects that are not what they seem', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let captured: CapturedSql;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = await openSessions(database.url, { poolSize: 1 });
    captured = await captureSql(db);
  });
  afterAll(async () => {
    captured?.release();
    await db?.close();
    await database?.drop();
  });

  /** What `use` sends, by shape, and what it throws. */
  async function outcomeOf(
    use: (session: DbSession) => Promise<unknown>,
  ): Promise<{ shapes: string[]; error: unknown }> {
    return db.sessions.run(async (session) => {
      captured.take();
      const error = await use(session).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      return { shapes: captured.take().map(shapeOf), error };
    });
  }
  const table = (session: DbSession): Table => new Tables(db.sessions).of('t', session);

  class EvilBytes extends Uint8Array {
    override toString(): string {
      return EVIL;
    }
    hexSlice(): string {
      return EVIL;
    }
  }
  class EvilDate extends Date {
    get [Symbol.toStringTag](): string {
      return 'other';
    }
    toSqlString(): string {
      return '1 OR 1=1';
    }
    override getUTCMonth(): number {
      return EVIL as never;
    }
  }

  it.each<[string, () => unknown]>([
    [
      'bytes with methods of their own',
      () => Object.assign(Buffer.from('a'), { toString: () => EVIL, hexSlice: () => EVIL }),
    ],
    [
      'bytes of a class of their own',
      () =>
        Object.setPrototypeOf(Buffer.from('a'), Object.create(Buffer.prototype, { toString: { value: () => EVIL } })),
    ],
    ['a date of a class of its own', () => new EvilDate(0)],
    [
      'a date with methods of its own',
      () => Object.assign(new Date(0), { toSqlString: () => '1 OR 1=1', getUTCFullYear: () => 2_000 }),
    ],
  ])('%s are what they hold', async (_, make) => {
    const { shapes, error } = await outcomeOf((session) => session.execute('SELECT :a', { a: make() as SqlValue }));
    expect(error).toBeUndefined();
    expect(shapes).toEqual(['SELECT ?']);
  });

  it.each<[string, () => unknown]>([
    ['bytes that are none', () => Object.create(Buffer.prototype, { toString: { value: () => EVIL } })],
    ['bytes that are no Buffer', () => new EvilBytes(2)],
    [
      'a date that is none',
      () =>
        Object.create(Date.prototype, { getUTCFullYear: { value: () => 2_000 }, toSqlString: { value: () => '1' } }),
    ],
    ['a date behind a Proxy', () => new Proxy(new Date(0), {})],
  ])('%s are refused by name', async (_, make) => {
    const { shapes, error } = await outcomeOf((session) => session.execute('SELECT :a', { a: make() as SqlValue }));
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', parameter: 'a' });
    expect(shapes).toEqual([]);
  });

  class EvilList extends Array<never> {
    override map(): never {
      return { join: () => '1=1' } as never;
    }
    override [Symbol.iterator](): never {
      return { next: () => ({ done: false, value: EVIL }) } as never;
    }
  }
  const evil = (...values: unknown[]): never => Object.setPrototypeOf(values, EvilList.prototype) as never;

  it('lists are what they hold', async () => {
    const uses: [string, (session: DbSession) => Promise<unknown>][] = [
      ['DELETE FROM `t` WHERE (`a` = 1 OR `a` = 1)', (session) => table(session).delete({ where: { a: evil(1, 2) } })],
      ['SELECT `a` FROM `t`', (session) => table(session).findMany({ columns: evil('a') })],
      ['SELECT * FROM `t` ORDER BY `a` ASC', (session) => table(session).findMany({ orderBy: evil('a') })],
      ['INSERT INTO `t` (`a`) VALUES (1)', (session) => table(session).insertMany(evil({ a: 1 }))],
    ];
    for (const [sql, use] of uses) {
      expect(await outcomeOf(use)).toEqual({ shapes: [shapeOf(sql)], error: undefined });
    }
  });

  it('a condition that changes between two looks is looked at once', async () => {
    let looks = 0;
    const ownKeys = (): string[] => (looks++ === 0 ? ['id'] : []);
    const { shapes } = await outcomeOf((session) =>
      table(session).delete({ where: new Proxy({ id: 1 }, { ownKeys }) }),
    );
    expect(shapes).toEqual(['DELETE FROM `t` WHERE `id` = ?']);
  });

  it.each<[string, (session: DbSession) => Promise<unknown>]>([
    ['a text as keys', (session) => new RowLocks().lockMany(session, 't', 'id', '42' as never)],
    [
      'a text as columns of a lock',
      (session) => new RowLocks().lock(session, 't', { id: 1 }, { columns: 'id' as never }),
    ],
    ['a text as columns', (session) => table(session).findMany({ columns: 'id' as never })],
    ['a text as order', (session) => table(session).findMany({ orderBy: 'id' as never })],
    ['a number as one order', (session) => table(session).findMany({ orderBy: [5] as never })],
    ['a text as query', (session) => table(session).findMany('text' as never)],
    ['null as query', (session) => table(session).findMany(null as never)],
    ['null as condition', (session) => table(session).findMany({ where: null as never })],
    ['null as condition of a change', (session) => table(session).delete({ where: null as never })],
    ['a condition of symbols', (session) => table(session).findMany({ where: { [Symbol('id')]: 1 } })],
    ['an object of a class as condition', (session) => table(session).delete({ where: new Map() as never })],
    ['no change', (session) => table(session).update(undefined as never)],
    ['nothing to delete', (session) => table(session).delete(undefined as never)],
    ['rows that are no list', (session) => table(session).insertMany({ a: 1 } as never)],
    ['parameters that are no list', (session) => session.executeMany('SELECT :a', 'ab' as never)],
    [
      'key columns that are no list',
      (session) => new IdempotentInserts().insertOrFetch(session, 't', { id: 1 }, 'id' as never),
    ],
    [
      'a symbol as key column',
      (session) => new IdempotentInserts().insertOrFetch(session, 't', { id: 1 }, [Symbol('id')] as never),
    ],
    ['no optimistic update', (session) => occUpdate(session, undefined as never)],
    ['a date as version', (session) => occUpdate(session, { ...UPDATE, versionValue: new Date(0) as never })],
    ['a number as version column', (session) => occUpdate(session, { ...UPDATE, versionColumn: 7 as never })],
    [
      'a symbol as kind of wait',
      (session) => new RowLocks().lock(session, 't', { id: 1 }, { wait: Symbol('x') as never }),
    ],
    [
      'an object as kind of wait',
      (session) => new RowLocks().lock(session, 't', { id: 1 }, { wait: Object.create(null) as never }),
    ],
  ])('%s: an error of the library, and nothing is sent', async (_, use) => {
    const { shapes, error } = await outcomeOf(use);
    expect(isSafeSyncError(error)).toBe(true);
    expect(isRetryable(error)).toBe(false);
    expect(shapes).toEqual([]);
  });

  const UPDATE = { table: 't', idColumn: 'id', idValue: 1, versionColumn: 'v', versionValue: 1, updates: {} };
});

import {
  type DbSession,
  DuplicateKeyError,
  InvalidIdentifierError,
  InvalidParameterError,
  MultipleRowsError,
  NestedSessionError,
  StatementTooLargeError,
  Tables,
} from '@safesync/db';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { FLAGS, type OpenSessions, openSessions } from './open-sessions.js';

interface Order {
  readonly id: string;
  readonly item: string;
  readonly amount: number;
  readonly note: string | null;
}

describe.each(FLAGS)('DB-13 tables, %s', (_flags, driver) => {
  let database: TestDatabase;
  let db: OpenSessions;
  let tables: Tables;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, item VARCHAR(20) NOT NULL UNIQUE, ' +
        'amount INT NOT NULL DEFAULT 1, note MEDIUMTEXT)',
    );
    await database.pool.query('CREATE TABLE `select` (`from` INT PRIMARY KEY, `where` VARCHAR(10))');
    db = await openSessions(database.url, { poolSize: 2, driver });
    tables = new Tables(db.sessions);
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM orders');
    await database.pool.query('DELETE FROM `select`');
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const orders = (session?: DbSession) => tables.of<Order>('orders', session);
  const stored = (): Promise<Partial<Order>[]> => database.rows('SELECT item, amount, note FROM orders ORDER BY item');

  it('D2 inserts, finds, updates and counts', async () => {
    const id = await orders().insert({ item: 'tea', amount: 2 });
    expect(await orders().findOne({ id })).toEqual({ id, item: 'tea', amount: 2, note: null });
    expect(await orders().update({ where: { id }, set: { amount: 3 } })).toBe(1);
    expect(await orders().findMany({ where: { amount: 3 } })).toHaveLength(1);
    expect(await orders().count()).toBe(1);
    expect(await orders().exists({ item: 'tea' })).toBe(true);
    expect(await orders().delete({ where: { id } })).toBe(1);
    expect([await orders().exists(), await orders().count(), await orders().findOne({ id })]).toEqual([false, 0, null]);
  });

  it('counts the rows that matched, changed or not', async () => {
    await orders().insertMany([{ item: 'a' }, { item: 'b' }]);
    expect(await orders().update({ where: { amount: 1 }, set: { amount: 1 } })).toBe(2);
  });

  it('works inside a session, all or nothing', async () => {
    const undone = db.sessions.run(async (session) => {
      await orders(session).insert({ item: 'tea' });
      await orders(session).update({ where: { item: 'tea' }, set: { amount: 9 } });
      expect(await orders(session).findOne({ item: 'tea' })).toMatchObject({ amount: 9 });
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(await stored()).toEqual([]);
  });

  it('E3 refuses a write that was meant for a transaction and is not part of it', async () => {
    const forgotten = db.sessions.run(async () => orders().insert({ item: 'tea' }));
    await expect(forgotten).rejects.toThrow(NestedSessionError);
    expect(await stored()).toEqual([]);
  });

  it('orders, limits and leaves out', async () => {
    await orders().insertMany(['a', 'b', 'c', 'd'].map((item, index) => ({ item, amount: index % 2 })));
    const items = (rows: readonly Order[]): string => rows.map(({ item }) => item).join('');
    expect(items(await orders().findMany({ orderBy: ['amount', ['item', 'DESC']] }))).toBe('cadb');
    expect(items(await orders().findMany({ orderBy: ['item'], limit: 2, offset: 1 }))).toBe('bc');
    expect(await orders().findMany({ limit: 0 })).toEqual([]);
    expect(await orders().findMany({ columns: ['item'], orderBy: ['item'], limit: 1 })).toEqual([{ item: 'a' }]);
  });

  it('finds by null, by several values and by none of them (E2)', async () => {
    await orders().insertMany([
      { item: 'a', note: null },
      { item: 'b', note: 'x' },
      { item: 'c', note: 'y' },
    ]);
    expect(await orders().count({ note: null })).toBe(1);
    expect(await orders().count({ item: ['a', 'c'] })).toBe(2);
    expect(await orders().count({ item: [] })).toBe(0);
    expect(await orders().update({ where: { item: [] }, set: { amount: 7 } })).toBe(0);
  });

  it('compares exactly, whatever the type of the column (H5)', async () => {
    await database.pool.query(
      'CREATE TABLE IF NOT EXISTS kinds (id INT PRIMARY KEY, word VARCHAR(10), flag TINYINT(1), amount DECIMAL(30,2), big BIGINT, ' +
        'real_number DOUBLE)',
    );
    const kinds = tables.of('kinds');
    await kinds.delete({ allRows: true });
    await kinds.insertMany([
      { id: 1, word: 'abc', flag: true, amount: '9007199254740993.00', big: 9007199254740993n, real_number: 0.1 },
      { id: 2, word: 'xyz', flag: false, amount: '9007199254740992.00', big: 9007199254740992n, real_number: 2 },
    ]);
    expect(await kinds.delete({ where: { word: false } })).toBe(0);
    expect(await kinds.count({ word: 0 })).toBe(0);
    expect(await kinds.count({ amount: ['9007199254740993.00', '5'] })).toBe(1);
    expect(await kinds.count({ big: ['9007199254740993', 1] })).toBe(1);
    const found = { flag: true, big: 9007199254740993n, real_number: 0.1, amount: '9007199254740993' };
    expect(await kinds.findOne(found, { columns: ['id'] })).toEqual({ id: 1 });
    expect(await kinds.count({ flag: false, real_number: 2 })).toBe(1);
    await expect(kinds.count({ real_number: Number.NaN })).rejects.toThrow(InvalidParameterError);
    await expect(kinds.count(new Map([['id', 1]]) as never)).rejects.toThrow(/plain object/);
  });

  it('findOne takes no second row for an answer, unless it is told which is first', async () => {
    await orders().insertMany([{ item: 'a' }, { item: 'b' }]);
    await expect(orders().findOne({ amount: 1 })).rejects.toThrow(MultipleRowsError);
    expect(await orders().findOne({ amount: 1 }, { orderBy: [['item', 'DESC']] })).toMatchObject({ item: 'b' });
  });

  it('changes every row only when told so', async () => {
    await orders().insertMany([{ item: 'a' }, { item: 'b' }]);
    expect(await orders().update({ allRows: true, set: { note: 'all' } })).toBe(2);
    expect(await orders().delete({ allRows: true })).toBe(2);
  });

  it('quotes names that are words of the language', async () => {
    const table = tables.of('select');
    await table.insert({ from: 1, where: 'here' });
    expect(await table.update({ where: { from: 1 }, set: { where: 'there' } })).toBe(1);
    expect(await table.findMany({ orderBy: ['from'] })).toEqual([{ from: 1, where: 'there' }]);
    expect(await tables.of(`${database.name}.select`).count()).toBe(1);
  });

  it('insertMany sends a chunk for each megabyte, and none of them stays when one fails', async () => {
    const note = 'x'.repeat(300_000);
    const rows = Array.from({ length: 8 }, (_, index) => ({ item: `i${index}`, note }));
    const sent: string[] = [];
    await db.sessions.run(async (session) => {
      const { connection } = session.internals;
      const send = connection.send.bind(connection);
      connection.send = (text) => {
        sent.push(text.slice(0, 20));
        return send(text);
      };
      expect(await orders(session).insertMany(rows)).toBe(8);
      connection.send = send;
    });
    expect(sent.filter((text) => text.startsWith('INSERT'))).toHaveLength(3);
    expect(await orders().count()).toBe(8);
    await orders().delete({ allRows: true });
    await expect(orders().insertMany([...rows, { item: 'i0', note }])).rejects.toThrow(DuplicateKeyError);
    expect(await stored()).toEqual([]);
    expect(await orders().insertMany([])).toBe(0);
  });

  it('refuses a row that no packet holds before anything is sent', async () => {
    const [row] = await database.rows<{ bytes: string }>('SELECT @@max_allowed_packet AS bytes');
    const note = 'x'.repeat(Number(row?.bytes));
    await expect(
      orders().insertMany([
        { item: 'a', note: '' },
        { item: 'b', note },
      ]),
    ).rejects.toThrow(StatementTooLargeError);
    expect(await stored()).toEqual([]);
  });

  const refusals: [
    string,
    typeof InvalidParameterError | typeof InvalidIdentifierError,
    string,
    () => Promise<unknown>,
  ][] = [
    ['an update without where', InvalidParameterError, 'where', () => orders().update({ set: { amount: 1 } })],
    [
      'an empty where of an update',
      InvalidParameterError,
      'where',
      () => orders().update({ where: {}, set: { amount: 1 } }),
    ],
    ['a delete without where', InvalidParameterError, 'where', () => orders().delete({})],
    [
      'both where and allRows',
      InvalidParameterError,
      'allRows',
      () => orders().delete({ where: { id: '1' }, allRows: true }),
    ],
    ['nothing to set', InvalidParameterError, 'set', () => orders().update({ where: { id: '1' }, set: {} })],
    ['an empty row', InvalidParameterError, 'row', () => orders().insert({})],
    ['a limit below zero', InvalidParameterError, 'limit', () => orders().findMany({ limit: -1 })],
    ['half a limit', InvalidParameterError, 'limit', () => orders().findMany({ limit: 1.5 })],
    ['an offset alone', InvalidParameterError, 'offset', () => orders().findMany({ offset: 1 })],
    ['no columns', InvalidParameterError, 'columns', () => orders().findMany({ columns: [] })],
    ['rows of two shapes', InvalidParameterError, 'rows[1]', () => orders().insertMany([{ item: 'a' }, { amount: 1 }])],
    ['an undefined value', InvalidParameterError, 'where_0_id', () => orders().findOne({ id: undefined })],
    ['an object as value', InvalidParameterError, 'value_0_item', () => orders().insert({ item: {} as never })],
    [
      'an array as new value',
      InvalidParameterError,
      'set_0_item',
      () => orders().update({ allRows: true, set: { item: [] as never } }),
    ],
    [
      'NaN among many rows',
      InvalidParameterError,
      'rows[1].amount',
      () => orders().insertMany([{ amount: 1 }, { amount: Number.NaN }]),
    ],
    [
      'a direction of its own',
      InvalidParameterError,
      'orderBy',
      // @ts-expect-error: what a program without types might pass
      () => orders().findMany({ orderBy: [['id', 'ASC; DROP']] }),
    ],
    [
      'a column with other bytes',
      InvalidIdentifierError,
      'column',
      () => orders().count({ 'id` = 1 -- ': 1 } as never),
    ],
    [
      'an order with other bytes',
      InvalidIdentifierError,
      'column',
      () => orders().findMany({ orderBy: ['a, b' as never] }),
    ],
  ];

  it.each(refusals)('refuses %s', async (_what, type, argument, call) => {
    await orders().insert({ item: 'kept' });
    const refusal = { constructor: type, message: expect.stringContaining(argument) };
    await expect(call()).rejects.toMatchObject(refusal);
    expect(await stored()).toHaveLength(1);
  });

  it('refuses a table with other bytes when it is named', () => {
    expect(() => tables.of('orders; DROP TABLE orders')).toThrow(InvalidIdentifierError);
  });
});

import { type DbSession, InvalidParameterError, type SqlValue, Tables } from '@safesync/db';
import fc from 'fast-check';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { EntitySchema } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type Amounts, amounts, MONEY_TABLE } from './money-values.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

const ROWS = 500;
const COLUMNS = 'big, whole, dec38';

interface Money extends Amounts {
  readonly id: number;
}

const MONEY = new EntitySchema<Money>({
  name: 'money',
  columns: {
    id: { type: 'int', primary: true },
    big: { type: 'bigint' },
    whole: { type: 'bigint', unsigned: true },
    dec38: { type: 'decimal', precision: 38, scale: 18 },
  },
});

/** DB-14: what money is written as, it is read as, on every way in and on both protocols of the driver. */
describe('DB-14 money', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  const rows: Money[] = fc.sample(amounts, ROWS).map((row, id) => ({ id, ...row }));
  const asBigints = ({ big, whole, ...rest }: Money) => ({ ...rest, big: BigInt(big), whole: BigInt(whole) });

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(MONEY_TABLE);
    db = await openSessions(database.url, { entities: [MONEY] as EntitySchema[] });
  });
  beforeEach(() => database.pool.query('DELETE FROM money'));
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  const table = (session?: DbSession) => new Tables(db.sessions).of<Money>('money', session);
  const SELECT = `SELECT id, ${COLUMNS} FROM money ORDER BY id`;

  type Writer = (session: DbSession) => Promise<unknown>;
  const INSERT = `INSERT INTO money (id, ${COLUMNS}) VALUES (:id, :big, :whole, :dec38)`;
  const ZERO = { big: 0, whole: 0, dec38: 0 };
  const writers: readonly (readonly [string, Writer])[] = [
    ['execute, as text', (session) => session.executeMany(INSERT, rows as never)],
    ['execute, as bigint', (session) => session.executeMany(INSERT, rows.map(asBigints))],
    [
      'table.insert',
      async (session) => {
        for (const row of rows) await table(session).insert({ ...row });
      },
    ],
    ['table.insertMany, as text', (session) => table(session).insertMany(rows)],
    ['table.insertMany, as bigint', (session) => table(session).insertMany(rows.map(asBigints))],
    [
      'table.update',
      async (session) => {
        await table(session).insertMany(rows.map(({ id }) => ({ id, ...ZERO })));
        for (const { id, ...set } of rows) await table(session).update({ where: { id }, set });
      },
    ],
    ['a repository', ({ manager }) => manager.getRepository(MONEY).insert(rows)],
    ['a repository, saving', ({ manager }) => manager.getRepository(MONEY).save(rows.map((row) => ({ ...row })))],
  ];

  type Reader = () => Promise<unknown>;
  const inSession = (work: (session: DbSession) => Promise<unknown>): Promise<unknown> => db.sessions.run(work);
  const readers: readonly (readonly [string, Reader])[] = [
    ['fetchAll', () => inSession((session) => session.fetchAll(SELECT))],
    ['table.findMany', () => table().findMany({ orderBy: ['id'] })],
    ['a repository', () => inSession(({ manager }) => manager.getRepository(MONEY).find({ order: { id: 'ASC' } }))],
    ['manager.query', () => inSession(({ manager }) => manager.query(SELECT))],
    [
      'the text protocol',
      () => db.sessions.connection(async ({ raw }) => (await raw.promise().query<RowDataPacket[]>(SELECT))[0]),
    ],
    [
      'the binary protocol',
      () => db.sessions.connection(async ({ raw }) => (await raw.promise().execute<RowDataPacket[]>(SELECT))[0]),
    ],
  ];

  it.each(writers)(`%s: ${ROWS} rows are stored to the last digit`, async (_way, write) => {
    await db.sessions.run(write);
    const text = 'CAST(big AS CHAR) AS big, CAST(whole AS CHAR) AS whole, CAST(dec38 AS CHAR) AS dec38';
    expect(await database.rows(`SELECT id, ${text} FROM money ORDER BY id`)).toEqual(rows);
  });

  it.each(readers)(`%s: ${ROWS} rows are read to the last digit`, async (_way, read) => {
    await table().insertMany(rows);
    expect(await read()).toEqual(rows);
  });

  it('is written and read to the last digit through prepared statements as well', async () => {
    const found = await db.sessions.connection(async ({ raw }) => {
      const prepared = raw.promise();
      for (const { id, big, whole, dec38 } of rows) {
        await prepared.execute('INSERT INTO money VALUES (?, ?, ?, ?)', [id, big, whole, dec38]);
      }
      return (await prepared.execute<RowDataPacket[]>(SELECT))[0];
    });
    expect(found).toEqual(rows);
  });

  it.each(['text', 'binary'])('control: plain mysql2 loses digits, on the %s protocol', async (protocol) => {
    await database.pool.query('INSERT INTO money VALUES (1, 9007199254740993, 18446744073709551615, 0.1)');
    const plain = await createConnection(database.url);
    const sql = 'SELECT big, whole FROM money';
    const [found] = await (protocol === 'text' ? plain.query(sql) : plain.execute(sql));
    await plain.end();
    expect(found).toEqual([{ big: 9007199254740992, whole: 18446744073709552000 }]);
  });

  const NEIGHBOURS = [9007199254740991n, 9007199254740992n, 9007199254740993n, 9007199254740994n];
  it.each([
    ['a bigint', 9007199254740993n],
    ['text', '9007199254740993'],
    ['one of a list', [9007199254740993n]],
  ] as const)('is found among its neighbours by %s, and only it', async (_kind, big) => {
    await table().insertMany(NEIGHBOURS.map((value, id) => ({ ...ZERO, id, big: value })));
    const where = { big: big as SqlValue };
    expect(await table().findMany({ where, columns: ['id', 'big'] })).toEqual([{ id: 2, big: '9007199254740993' }]);
    expect(await table().update({ where, set: { whole: 1 } })).toBe(1);
    expect(await table().delete({ where })).toBe(1);
    expect(await table().count()).toBe(3);
  });

  it('is found by every one of its values', async () => {
    await table().insertMany(rows);
    const missed = await db.sessions.run(async (session) => {
      const found: Money[] = [];
      for (const row of rows) if (!(await table(session).exists({ ...row }))) found.push(row);
      return found;
    });
    expect(missed).toEqual([]);
  });

  it('control: plain mysql2 finds a neighbour by the number it has read', async () => {
    await table().insertMany(NEIGHBOURS.map((value, id) => ({ ...ZERO, id, big: value })));
    const plain = await createConnection(database.url);
    const [[read]] = await plain.query<RowDataPacket[]>('SELECT big FROM money WHERE id = 2');
    const [found] = await plain.query<RowDataPacket[]>('SELECT id FROM money WHERE big = ?', [read?.big]);
    await plain.end();
    expect(found).toEqual([{ id: 1 }]);
  });

  it('adds up exactly', async () => {
    await table().insertMany(rows);
    const units = rows.reduce((sum, { dec38 }) => sum + BigInt(dec38.replace('.', '')), 0n);
    const sums = 'SUM(big) AS big, SUM(whole) AS whole, SUM(dec38) AS dec38';
    const [row] = await db.sessions.run((session) => session.fetchAll<Amounts>(`SELECT ${sums} FROM money`));
    expect(row?.big).toBe(String(rows.reduce((sum, { big }) => sum + BigInt(big), 0n)));
    expect(row?.whole).toBe(String(rows.reduce((sum, { whole }) => sum + BigInt(whole), 0n)));
    expect(BigInt(String(row?.dec38).replace('.', ''))).toBe(units);
  });

  const unsafe = [2 ** 53, -(2 ** 53), 1e20, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  it.each(unsafe)('%p is refused by the name of its parameter, and nothing is sent', async (amount) => {
    const calls: readonly (readonly [string, (session: DbSession) => Promise<unknown>])[] = [
      ['amount', (session) => session.execute('DELETE FROM money WHERE big < :amount', { amount })],
      ['value_0_big', (session) => table(session).insert({ big: amount })],
      ['rows[1].big', (session) => table(session).insertMany([{ big: '1' }, { big: amount }])],
      ['set_0_big', (session) => table(session).update({ allRows: true, set: { big: amount } })],
      ['where_0_big', (session) => table(session).delete({ where: { big: amount } })],
    ];
    await table().insertMany([{ ...ZERO, id: 1 }]);
    for (const [parameter, call] of calls) {
      const error: unknown = await db.sessions.run(call).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidParameterError);
      expect(error).toMatchObject({ parameter });
    }
    expect(await table().findMany()).toEqual([{ id: 1, big: '0', whole: '0', dec38: '0.000000000000000000' }]);
  });
});

import {
  type DbSession,
  IdempotentInserts,
  insertIdempotent,
  occUpdate,
  RowLocks,
  type SqlValue,
  type Table,
  Tables,
} from '@safesync/db';
import fc from 'fast-check';
import { format } from 'mysql2';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type CapturedSql, captureSql, outcomeOf } from './captured-sql.js';
import { hostileText, hostileValue, isPlain } from './hostile-values.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { shapeOf } from './sql-shape.js';

/** With the 14 uses below, and the names in the file beside: 100 000. */
const RUNS = 5_000;

type Call = (session: DbSession, table: Table, a: SqlValue, b: SqlValue) => Promise<unknown>;
/** The statement that was meant, with any literals: of no two values another one, but for what `where` makes of null and lists. */
type Meant = string | ((a: unknown, b: unknown) => string);

const inserts = new IdempotentInserts();
const locks = new RowLocks();
const change = { table: 't', idColumn: 'id', versionColumn: 'v', versionValue: 1 };

/** The condition on both columns, as their values have it. */
const conditions = (a: unknown, b: unknown): string => `${term('`a`', a)} AND ${term('`b`', b)}`;
function term(column: string, value: unknown): string {
  if (value === null) return `${column} IS NULL`;
  if (!Array.isArray(value)) return `${column} = 0`;
  return value.length === 0 ? 'FALSE' : `(${value.map(() => `${column} = 0`).join(' OR ')})`;
}

const VALUES: readonly (readonly [string, Call, Meant])[] = [
  [
    'execute',
    (session, _, a, b) => session.execute('SELECT * FROM t WHERE a = :a AND b IN (:b, :a) -- :a', { a, b }),
    'SELECT * FROM t WHERE a = 0 AND b IN (0, 0) -- :a',
  ],
  [
    'execute with text, names and comments around',
    (session, _, a, b) => session.execute("SELECT ':a', `:a`, /* :b */ :a WHERE \"':b\" = :b LIMIT 1", { a, b }),
    "SELECT '', `:a`, /* :b */ 0 WHERE '' = 0 LIMIT 1",
  ],
  [
    'executeMany',
    (session, _, a, b) => session.executeMany('UPDATE t SET a = :a WHERE b = :b', [{ a, b }]),
    'UPDATE t SET a = 0 WHERE b = 0',
  ],
  [
    'insertIdempotent',
    (session, _, a, b) => insertIdempotent(session, 'INSERT INTO t VALUES (:a, :b)', { a, b }),
    'INSERT INTO t VALUES (0, 0)',
  ],
  [
    'idempotentInserts.insert',
    (session, _, a, b) => inserts.insert(session, 't', { a, b }),
    'INSERT IGNORE INTO `t` (`a`, `b`) VALUES (0, 0)',
  ],
  [
    'occUpdate',
    (session, _, a, b) => occUpdate(session, { ...change, idValue: a, updates: { b } }),
    'UPDATE `t` SET `b` = 0, `v` = `v` + 0 WHERE `id` = 0 AND `v` = 0',
  ],
  ['table.insert', (_, t, a, b) => t.insert({ b, a }), 'INSERT INTO `t` (`a`, `b`) VALUES (0, 0)'],
  ['table.insertMany', (_, t, a, b) => t.insertMany([{ a }, { a: b }]), 'INSERT INTO `t` (`a`) VALUES (0),(0)'],
  [
    'the set of table.update',
    (_, t, a, b) => t.update({ where: { id: 1 }, set: { a, b } }),
    'UPDATE `t` SET `a` = 0, `b` = 0 WHERE `id` = 0',
  ],
];

/** Here a list is as good as a value. */
const CONDITIONS: typeof VALUES = [
  [
    'the where of table.update',
    (_, t, a, b) => t.update({ where: { a, b }, set: { c: 1 } }),
    (a, b) => `UPDATE \`t\` SET \`c\` = 0 WHERE ${conditions(a, b)}`,
  ],
  [
    'table.delete',
    (_, t, a, b) => t.delete({ where: { b, a } }),
    (a, b) => `DELETE FROM \`t\` WHERE ${conditions(a, b)}`,
  ],
  [
    'table.findOne',
    (_, t, a, b) => t.findOne({ a, b }),
    (a, b) => `SELECT * FROM \`t\` WHERE ${conditions(a, b)} LIMIT 2`,
  ],
  ['table.count', (_, t, a, b) => t.count({ a, b }), (a, b) => `SELECT COUNT(*) FROM \`t\` WHERE ${conditions(a, b)}`],
  [
    'rowLocks.lock',
    (session, _, a, b) => locks.lock(session, 't', { a, b }),
    (a, b) => `SELECT * FROM \`t\` WHERE ${conditions(a, b)} LIMIT 2 FOR UPDATE`,
  ],
];

const pairs = fc.tuple(hostileValue, fc.oneof(hostileValue, hostileText));
const isPlainOrList = (value: unknown): boolean =>
  isPlain(value) || (Array.isArray(value) && value.every((one) => one !== null && isPlain(one)));

/** SE-1 (S2, M37 to M39): whatever value is given, either nothing is sent, or the statement that was meant. */
describe('a value, whatever it is, goes nowhere or into one literal', () => {
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

  /** Checks `call` with pairs of values; those for which `isFit` holds go out, all others are refused. */
  const check = (call: Call, meant: Meant, isFit: (value: unknown) => boolean) =>
    db.sessions.run(async (session) => {
      const table = new Tables(db.sessions).of('t', session);
      const property = fc.asyncProperty(pairs, async ([a, b]) => {
        const found = await outcomeOf(captured, () => call(session, table, a as SqlValue, b as SqlValue));
        const sql = typeof meant === 'string' ? meant : meant(a, b);
        expect(found).toEqual(isFit(a) && isFit(b) ? [shapeOf(sql)] : 'INVALID_PARAMETER');
      });
      return fc.check(property, { numRuns: RUNS });
    });

  it.each(VALUES)(`in ${RUNS} pairs given to %s`, async (_name, call, meant) => {
    const { failed, counterexample, errorInstance } = await check(call, meant, isPlain);
    expect({ failed, counterexample, errorInstance }).toMatchObject({ failed: false });
  });

  it.each(CONDITIONS)(`in ${RUNS} pairs given to %s`, async (_name, call, meant) => {
    const { failed, counterexample, errorInstance } = await check(call, meant, isPlainOrList);
    expect({ failed, counterexample, errorInstance }).toMatchObject({ failed: false });
  });

  const text = (value: unknown): string => (typeof value === 'string' ? value : 'no text');
  const doubled = (value: unknown): string => text(value).replaceAll("'", "''");
  /** Others make the driver itself throw. */
  const listed = (value: unknown): unknown =>
    Array.isArray(value) && value.every((each) => typeof each !== 'object') ? value : text(value);
  const WAYS: readonly (readonly [string, (a: unknown, b: unknown) => string])[] = [
    ['pasting between quotes', (a, b) => `SELECT '${text(a)}', '${text(b)}'`],
    ['doubling the quotes, which a backslash undoes', (a, b) => `SELECT '${doubled(a)}', '${doubled(b)}'`],
    [
      "the driver's own placeholders, which spread lists",
      (a, b) => format('SELECT ?, ?', [listed(a), listed(b)] as never),
    ],
  ];
  it.each(WAYS)('control: the same check catches %s', async (_way, textOf) => {
    const naive: Call = async ({ internals }, _table, a, b) => {
      await internals.connection.send(textOf(a, b));
    };
    const { failed, errorInstance } = await check(naive, 'SELECT 0, 0', () => true);
    expect(failed).toBe(true);
    expect(String(errorInstance)).toContain('"SELECT ? , ?"');
  });
});

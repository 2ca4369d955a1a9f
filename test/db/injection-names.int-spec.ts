import { type DbSession, IdempotentInserts, occUpdate, RowLocks, type Table, Tables } from '@safesync/db';
import fc from 'fast-check';
import { escapeId } from 'mysql2';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type CapturedSql, captureSql, outcomeOf } from './captured-sql.js';
import { hostileText, hostileValue } from './hostile-values.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { shapeOf } from './sql-shape.js';

/** With the 20 uses below, and the values in the file beside: 100 000. */
const RUNS = 1_500;

type Call = (session: DbSession, table: Table, name: string, tables: Tables) => unknown;
/** The statement that was meant; `name` is in backticks. */
type Meant = (name: string) => string;

const inserts = new IdempotentInserts();
const locks = new RowLocks();
const change = { table: 't', idColumn: 'id', idValue: 1, versionColumn: 'version_', versionValue: 1, updates: {} };

/** Names given as values of their own, which may be anything. */
const TABLES: readonly (readonly [string, Call, Meant])[] = [
  ['tables.of', (s, _, name, tables) => tables.of(name, s).count(), (name) => `SELECT COUNT(*) FROM ${name}`],
  [
    'rowLocks.lock',
    (s, _, name) => locks.lock(s, name, { a: 1 }),
    (name) => `SELECT * FROM ${name} WHERE \`a\` = 0 LIMIT 2 FOR UPDATE`,
  ],
  [
    'occUpdate',
    (s, _, name) => occUpdate(s, { ...change, table: name }),
    (name) => `UPDATE ${name} SET \`version_\` = \`version_\` + 1 WHERE \`id\` = 0 AND \`version_\` = 0`,
  ],
  [
    'idempotentInserts.insert',
    (s, _, name) => inserts.insert(s, name, { a: 1 }),
    (name) => `INSERT IGNORE INTO ${name} (\`a\`) VALUES (0)`,
  ],
];

const COLUMNS: typeof TABLES = [
  ['columns', (_, t, name) => t.findMany({ columns: [name] }), (name) => `SELECT ${name} FROM \`t\``],
  [
    'orderBy with a direction',
    (_, t, name) => t.findMany({ orderBy: [[name, 'DESC']] }),
    (name) => `SELECT * FROM \`t\` ORDER BY ${name} DESC`,
  ],
  [
    'the columns of a row lock',
    (s, _, name) => locks.lock(s, 't', { a: 1 }, { columns: [name] }),
    (name) => `SELECT ${name} FROM \`t\` WHERE \`a\` = 0 LIMIT 2 FOR UPDATE`,
  ],
  [
    'the key column of lockMany',
    (s, _, name) => locks.lockMany(s, 't', name, [1]),
    (name) => `(SELECT * FROM \`t\` WHERE ${name} = 0 FOR UPDATE)`,
  ],
  [
    'the id column of occUpdate',
    (s, _, name) => occUpdate(s, { ...change, idColumn: name }),
    (name) => `UPDATE \`t\` SET \`version_\` = \`version_\` + 1 WHERE ${name} = 0 AND \`version_\` = 0`,
  ],
];

/** Names that are keys of an object, which is what a request's body becomes. */
const KEYS: typeof TABLES = [
  ['table.insert', (_, t, name) => t.insert({ [name]: 1 }), (name) => `INSERT INTO \`t\` (${name}) VALUES (0)`],
  [
    'table.insertMany',
    (_, t, name) => t.insertMany([{ [name]: 1 }]),
    (name) => `INSERT INTO \`t\` (${name}) VALUES (0)`,
  ],
  [
    'the set of table.update',
    (_, t, name) => t.update({ allRows: true, set: { [name]: 1 } }),
    (name) => `UPDATE \`t\` SET ${name} = 0`,
  ],
  [
    'the where of table.update',
    (_, t, name) => t.update({ where: { [name]: 1 }, set: { a: 1 } }),
    (name) => `UPDATE \`t\` SET \`a\` = 0 WHERE ${name} = 0`,
  ],
  [
    'table.delete',
    (_, t, name) => t.delete({ where: { [name]: [1, 2] } }),
    (name) => `DELETE FROM \`t\` WHERE (${name} = 0 OR ${name} = 0)`,
  ],
  [
    'table.exists',
    (_, t, name) => t.exists({ [name]: null }),
    (name) => `SELECT 1 FROM \`t\` WHERE ${name} IS NULL LIMIT 1`,
  ],
  ['orderBy', (_, t, name) => t.findMany({ orderBy: [name] }), (name) => `SELECT * FROM \`t\` ORDER BY ${name} ASC`],
  [
    'rowLocks.lock',
    (s, _, name) => locks.lock(s, 't', { [name]: 1 }),
    (name) => `SELECT * FROM \`t\` WHERE ${name} = 0 LIMIT 2 FOR UPDATE`,
  ],
  [
    'the updates of occUpdate',
    (s, _, name) => occUpdate(s, { ...change, updates: { [name]: 1 } }),
    (name) => `UPDATE \`t\` SET ${name} = 0, \`version_\` = \`version_\` + 1 WHERE \`id\` = 0 AND \`version_\` = 0`,
  ],
  [
    'the version column of occUpdate',
    (s, _, name) => occUpdate(s, { ...change, versionColumn: name }),
    (name) => `UPDATE \`t\` SET ${name} = ${name} + 1 WHERE \`id\` = 0 AND ${name} = 0`,
  ],
  [
    'idempotentInserts.insert',
    (s, _, name) => inserts.insert(s, 't', { [name]: 1 }),
    (name) => `INSERT IGNORE INTO \`t\` (${name}) VALUES (0)`,
  ],
];

const letters = fc.constantFrom('a', 'Z', '_', '9', 'select', '__proto__', 'constructor', 'toString', 'x'.repeat(31));
const plainName = fc.string({ unit: letters, minLength: 1, maxLength: 3 });
const names = fc.oneof(
  { weight: 3, arbitrary: plainName },
  { weight: 2, arbitrary: fc.tuple(plainName, hostileText, plainName).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fc.tuple(plainName, plainName).map((parts) => parts.join('.')) },
  hostileText,
);
const isName = (name: unknown): boolean => typeof name === 'string' && /^(?!\d)\w{1,64}$/.test(name);
const isTableName = (name: unknown): boolean =>
  typeof name === 'string' && name.split('.').length <= 2 && name.split('.').every(isName);
const backticked = (name: string): string => `\`${name.replace('.', '`.`')}\``;

/** SE-1 (S1): a name is letters, digits and underscores in backticks, or nothing is sent. */
describe('a name, whatever it is, goes nowhere or between backticks', () => {
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

  const check = (anything: fc.Arbitrary<unknown>, call: Call, meant: Meant, isFit: (name: unknown) => boolean) =>
    db.sessions.run(async (session) => {
      const tables = new Tables(db.sessions);
      const property = fc.asyncProperty(anything, async (name) => {
        const found = await outcomeOf(captured, () => call(session, tables.of('t', session), name as string, tables));
        const sent = (): string[] => [shapeOf(meant(backticked(name as string)))];
        expect(found).toEqual(isFit(name) ? sent() : 'INVALID_IDENTIFIER');
      });
      const { failed, counterexample, errorInstance } = await fc.check(property, { numRuns: RUNS });
      return { failed, counterexample, errorInstance };
    });
  const anything = fc.oneof({ weight: 3, arbitrary: names }, hostileValue);

  it.each(TABLES)(`of a table, ${RUNS} times in %s`, async (_what, call, meant) => {
    expect(await check(anything, call, meant, isTableName)).toMatchObject({ failed: false });
  });
  it.each(COLUMNS)(`of a column, ${RUNS} times in %s`, async (_what, call, meant) => {
    expect(await check(anything, call, meant, isName)).toMatchObject({ failed: false });
  });
  it.each(KEYS)(`of a column as key, ${RUNS} times in %s`, async (_what, call, meant) => {
    expect(await check(names, call, meant, isName)).toMatchObject({ failed: false });
  });

  it.each([
    ['pasting it', (name: string) => name],
    ['backticks around it', (name: string) => `\`${name}\``],
    ["the driver's escapeId, which takes any byte and splits at dots", (name: string) => escapeId(name)],
  ])('control: the same check catches %s', async (_way, quote) => {
    const naive: Call = (session, _table, name) => session.internals.connection.send(`SELECT ${quote(name)} FROM t`);
    const { failed, errorInstance } = await check(
      names,
      naive,
      (name) => `SELECT ${name} FROM t`,
      () => true,
    );
    expect(failed).toBe(true);
    expect(String(errorInstance)).toContain('"SELECT');
  });
});

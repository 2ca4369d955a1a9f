import { AdvisoryLocks, type DbSession, LeaseLocks, occUpdate, RowLocks, type Table, Tables } from '@safesync/db';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type CapturedSql, captureSql, outcomeOf } from './captured-sql.js';
import { hostileText, hostileValue, isPlain } from './hostile-values.js';
import { type OpenSessions, openSessions } from './open-sessions.js';
import { shapeOf } from './sql-shape.js';

const RUNS = 1_000;
const locks = new RowLocks();
const change = { table: 't', idColumn: 'id', idValue: 1, versionColumn: 'v', updates: {} };

type Call = (session: DbSession, table: Table, value: never) => Promise<unknown>;

/** Arguments that become a word or a number of the statement: those that are allowed, and what they make of it. */
const WORDS: readonly (readonly [string, readonly unknown[], string, RegExp, Call])[] = [
  [
    'a direction',
    ['ASC', 'DESC'],
    'INVALID_PARAMETER',
    /^SELECT \* FROM `t` ORDER BY `a` (?:ASC|DESC)$/,
    (_, t, value) => t.findMany({ orderBy: [['a', value]] }),
  ],
  ['a limit', [1, 2], 'INVALID_PARAMETER', /^SELECT \* FROM `t` LIMIT \?$/, (_, t, limit) => t.findMany({ limit })],
  [
    'an offset',
    [0, 7],
    'INVALID_PARAMETER',
    /^SELECT \* FROM `t` LIMIT \? OFFSET \?$/,
    (_, t, offset) => t.findMany({ limit: 1, offset }),
  ],
  [
    'the mode of a row lock',
    ['update', 'share'],
    'INVALID_OPTIONS',
    /^SELECT \* FROM `t` WHERE `a` = \? LIMIT \? (?:FOR UPDATE|FOR SHARE|LOCK IN SHARE MODE)$/,
    (session, _, mode) => locks.lock(session, 't', { a: 1 }, { mode }),
  ],
  [
    'the expected version',
    ['7', '-1', '9007199254740993'],
    'INVALID_PARAMETER',
    /^UPDATE `t` SET `v` = `v` \+ \? WHERE `id` = \? AND `v` = \?$/,
    (session, _, versionValue) => occUpdate(session, { ...change, versionValue }),
  ],
];

const IDENTIFIER = '`[A-Za-z_]\\w{0,63}`';
const LITERALS = String.raw`\?(?: , \?)*`;
const LIST = `${IDENTIFIER}(?: , ${IDENTIFIER})*`;
const ONE = String.raw`(?:${IDENTIFIER} = \?|${IDENTIFIER} IS \?|\?|\( ${IDENTIFIER} = \?(?: OR ${IDENTIFIER} = \?)* \))`;
const CONDITION = `${ONE}(?: AND ${ONE})*`;

/** Objects of the caller as wholes: what may become of them at most. */
const WHOLES: readonly (readonly [string, string, Call])[] = [
  [
    'a new row',
    String.raw`INSERT INTO ${IDENTIFIER} \( ${LIST} \) VALUES \( ${LITERALS} \)`,
    (_, t, row) => t.insert(row),
  ],
  [
    'one of many rows',
    String.raw`INSERT INTO ${IDENTIFIER} \( ${LIST} \) VALUES \( ${LITERALS} \)`,
    (_, t, row) => t.insertMany([row]),
  ],
  ['a where', String.raw`SELECT \* FROM ${IDENTIFIER}(?: WHERE ${CONDITION})?`, (_, t, where) => t.findMany({ where })],
  ['the where of a change', `DELETE FROM ${IDENTIFIER} WHERE ${CONDITION}`, (_, t, where) => t.delete({ where })],
  [
    'new values',
    String.raw`UPDATE ${IDENTIFIER} SET ${IDENTIFIER} = \?(?: , ${IDENTIFIER} = \?)* WHERE ${IDENTIFIER} = \?`,
    (_, t, set) => t.update({ where: { id: 1 }, set }),
  ],
  ['parameters', String.raw`SELECT \?`, (session, _, params) => session.execute('SELECT :text', params)],
];

/** SE-1: what is neither a value nor a name. */
describe('an argument, whatever it is, does not change what a statement does', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let captured: CapturedSql;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = await openSessions(database.url, { poolSize: 2 });
    captured = await captureSql(db);
  });
  afterAll(async () => {
    captured?.release();
    await db?.close();
    await database?.drop();
  });

  const inSession = (work: (session: DbSession, table: Table) => Promise<void>): Promise<void> =>
    db.sessions.run((session) => work(session, new Tables(db.sessions).of('t', session)));

  it.each(WORDS)(`as %s, ${RUNS} times`, async (_what, allowed, refusal, meant, call) => {
    const nearly = fc.tuple(fc.constantFrom(...allowed), hostileText).map(([word, text]) => `${String(word)}${text} x`);
    const words = hostileText.filter((text) => !allowed.includes(text) && !/^-?\d+$/.test(text));
    await inSession(async (session, table) => {
      for (const value of allowed) {
        expect(await outcomeOf(captured, () => call(session, table, value as never))).toEqual([
          expect.stringMatching(meant),
        ]);
      }
      const others = fc.oneof(
        nearly,
        words,
        hostileValue.filter((value) => !isPlain(value) && value !== undefined),
      );
      const property = fc.asyncProperty(others, async (value) => {
        expect(await outcomeOf(captured, () => call(session, table, value as never))).toBe(refusal);
      });
      await fc.assert(property, { numRuns: RUNS });
    });
  });

  it.each(WHOLES)(`as %s, ${RUNS} times`, async (_what, meant, call) => {
    const shape = new RegExp(`^${meant}$`);
    const whole = fc.oneof(hostileValue, fc.dictionary(fc.constantFrom('a', 'b', 'text', '__proto__'), hostileValue));
    await inSession(async (session, table) => {
      const property = fc.asyncProperty(whole, async (value) => {
        captured.take();
        await call(session, table, value as never).catch(() => undefined);
        for (const sent of captured.take()) expect(shapeOf(sent)).toMatch(shape);
      });
      await fc.assert(property, { numRuns: RUNS });
    });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'takes a parameter named %s from the object itself, and from nowhere else',
    (name) =>
      inSession(async (session) => {
        const bind = (params: object) => outcomeOf(captured, () => session.execute(`SELECT :${name}`, params as never));
        expect(await bind({})).toBe('INVALID_PARAMETER');
        expect(await bind(Object.create({ [name]: 'inherited' }) as object)).toBe('INVALID_PARAMETER');
        expect(await bind(JSON.parse(`{ "${name}": "own" }`) as object)).toEqual(['SELECT ?']);
      }),
  );

  it('reads each value once, so that a getter cannot be one thing when checked and another when sent', () =>
    inSession(async (session, table) => {
      const calls: ((values: { readonly a: string }) => Promise<unknown>)[] = [
        (values) => session.execute('SELECT :a', values),
        (values) => table.insert(values),
        (values) => table.insertMany([values]),
        (values) => table.update({ where: { id: 1 }, set: values }),
        (values) => table.delete({ where: values }),
        (values) => locks.lock(session, 't', values),
      ];
      for (const call of calls) {
        let reads = 0;
        const values = {
          get a() {
            reads += 1;
            return 'x';
          },
        };
        await call(values);
        expect(reads).toBe(1);
      }
    }));

  /** Without what every session says at its beginning and end. */
  const lockTexts = async (work: () => Promise<unknown>): Promise<string | string[]> => {
    const found = await outcomeOf(captured, work);
    return typeof found === 'string' ? found : found.filter((text) => !/^(?:START|COMMIT|ROLLBACK)/.test(text));
  };
  const isKey = (key: string): boolean => key !== '' && isPlain(key);

  it.each([false, true])(`as key of an advisory lock (rawKey: %s), ${RUNS} times`, async (rawKey) => {
    const { userLocks } = db.sessions.dialect;
    const meant = [userLocks.acquire("'k'", 0), userLocks.release("'k'")].map(shapeOf);
    const advisory = new AdvisoryLocks(db.sessions);
    const property = fc.asyncProperty(hostileText, async (key) => {
      const found = await lockTexts(() => advisory.run(key, { rawKey, timeoutMs: 0 }, async () => undefined));
      expect(found).toEqual(isKey(key) ? meant : 'INVALID_PARAMETER');
    });
    await fc.assert(property, { numRuns: RUNS });
  });

  it(`as key of a lease lock, ${RUNS} times`, async () => {
    const leases = new LeaseLocks(db.sessions);
    const lease = (key: string) => lockTexts(() => leases.run(key, {}, async () => undefined));
    const meant = await lease('key');
    expect(meant).toHaveLength(3);
    const property = fc.asyncProperty(hostileText, async (key) => {
      expect(await lease(key)).toEqual(isKey(key) ? meant : 'INVALID_PARAMETER');
    });
    await fc.assert(property, { numRuns: RUNS });
  });
});

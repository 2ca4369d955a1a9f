import {
  type DbSession,
  InvalidIdentifierError,
  InvalidParameterError,
  MissingRowError,
  MultipleRowsError,
  OccConflictError,
  occUpdate,
  occUpdateOrThrow,
  SessionClosedError,
} from '@safesync/db';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';

/** The flag decides what the server counts for an UPDATE; drivers set it, applications may not. */
describe.each([
  ['with FOUND_ROWS', '+FOUND_ROWS'],
  ['without FOUND_ROWS', '-FOUND_ROWS'],
])('optimistic updates, %s', (_name, flag) => {
  let database: TestDatabase;
  let db: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(
      'CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR(20), value INT, version BIGINT NULL, ' +
        'id_value INT, version_value INT, where_0 INT, set_0_name INT)',
    );
    db = await openContender(database.url, { poolSize: 2, driver: { flags: [flag] } });
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
    await database.pool.query(
      "INSERT INTO items (id, name, value, version) VALUES (1, 'one', 10, 5), (2, 'two', 20, 5)",
    );
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  type Change = Parameters<typeof occUpdate>[1];
  const item = (
    updates: Change['updates'],
    versionValue: Change['versionValue'] = 5,
    idValue: Change['idValue'] = 1,
  ) => ({
    table: 'items',
    idColumn: 'id',
    idValue,
    versionColumn: 'version',
    versionValue,
    updates,
  });
  const update = (change: Change): Promise<number> => db.sessions.run((session) => occUpdate(session, change));
  const updateOrThrow = (change: Change): Promise<bigint> =>
    db.sessions.run((session) => occUpdateOrThrow(session, change));
  const stored = async (id: number): Promise<unknown> =>
    (await database.rows('SELECT name, value, version FROM items WHERE id = ?', [id]))[0];

  it('O1 changes the row of the expected version and raises it by one', async () => {
    expect(await update(item({ value: 11, name: 'uno' }))).toBe(1);
    expect(await stored(1)).toEqual({ name: 'uno', value: 11, version: '6' });
    expect(await stored(2)).toEqual({ name: 'two', value: 20, version: '5' });
  });

  it('takes the version column for itself in any case', async () => {
    expect(await update(item({ value: 11, Version: 0 }))).toBe(1);
    expect(await stored(1)).toMatchObject({ value: 11, version: '6' });
  });

  it('O2 changes nothing when the version is another one', async () => {
    expect(await update(item({ value: 11 }, 999))).toBe(0);
    expect(await stored(1)).toEqual({ name: 'one', value: 10, version: '5' });
  });

  it('O3 refuses a session that has ended', async () => {
    const session = await db.sessions.run(async (given) => given);
    await expect(occUpdate(session, item({ value: 1 }))).rejects.toThrow(SessionClosedError);
  });

  it('counts a change that changes no value', async () => {
    expect(await update(item({ value: 10, name: 'one' }))).toBe(1);
    expect(await stored(1)).toMatchObject({ version: '6' });
  });

  it('raises the version when there is nothing else to change, and lets nobody else set it', async () => {
    expect(await update(item({}))).toBe(1);
    expect(await update(item({ version: 1_000 }, 6))).toBe(1);
    expect(await stored(1)).toEqual({ name: 'one', value: 10, version: '7' });
  });

  it('matches no row for a version of null', async () => {
    await database.pool.query('UPDATE items SET version = NULL WHERE id = 1');
    expect(await update(item({ value: 1 }, null))).toBe(0);
  });

  it('W5 keeps columns apart from its own parameters, whatever their names', async () => {
    const names = { id_value: 2, version_value: 7, where_0: 8, set_0_name: 9 };
    expect(await update(item(names))).toBe(1);
    expect(
      await database.rows('SELECT id, id_value, version_value, where_0, set_0_name FROM items ORDER BY id'),
    ).toEqual([
      { id: '1', ...names },
      { id: '2', id_value: null, version_value: null, where_0: null, set_0_name: null },
    ]);
  });

  it('compares versions beyond 2^53 exactly, as text and as bigint', async () => {
    await database.pool.query('UPDATE items SET version = 9007199254740993');
    expect(await update(item({ value: 1 }, '9007199254740992'))).toBe(0);
    expect(await update(item({ value: 1 }, '9007199254740993'))).toBe(1);
    expect(await update(item({ value: 1 }, 9007199254740994n))).toBe(1);
    await expect(update(item({}, 2 ** 53))).rejects.toThrow(InvalidParameterError);
    await expect(update(item({}, "5' OR '1'='1"))).rejects.toThrow('"versionValue" is not a whole number');
  });

  it('refuses names that cannot be one', async () => {
    await expect(update(item({ 'value = 0, name': 1 }))).rejects.toThrow(InvalidIdentifierError);
    await expect(update({ ...item({}), idColumn: 'id OR 1' })).rejects.toThrow(InvalidIdentifierError);
    await expect(update({ ...item({}), table: 'items x' })).rejects.toThrow(InvalidIdentifierError);
  });

  it('undoes an update that met several rows, even if its error is swallowed', async () => {
    const change = { ...item({ value: 0 }), idColumn: 'version', idValue: 5 };
    const swallowing = db.sessions.run(async (session) => {
      await expect(occUpdate(session, change)).rejects.toThrow(MultipleRowsError);
    });
    await expect(swallowing).rejects.toMatchObject({ code: 'SESSION_ABORTED' });
    expect(await stored(1)).toMatchObject({ value: 10 });
  });

  it('occUpdateOrThrow resolves to the new version and tells a conflict from a missing row', async () => {
    expect(await updateOrThrow(item({ value: 11 }, '5'))).toBe(6n);
    await expect(updateOrThrow(item({ value: 12 }, 5))).rejects.toThrow(OccConflictError);
    await expect(updateOrThrow(item({ value: 12 }, 5))).rejects.toMatchObject({ table: 'items', attempts: 1 });
    await expect(updateOrThrow(item({ value: 12 }, 5, 404))).rejects.toThrow(MissingRowError);
  });

  it('OptimisticUpdates does what the functions do', async () => {
    const { optimistic, sessions } = db;
    const outcome = await sessions.run(async (session: DbSession) => [
      await optimistic.update(session, item({ value: 1 }, 4)),
      await optimistic.updateOrThrow(session, item({ value: 1 })),
    ]);
    expect(outcome).toEqual([0, 6n]);
  });
});

import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { DONE_WITHIN_MS, Fleet, INCREMENTS, OPS, PROCESSES } from './fleet.js';
import { ARENA_TABLES } from './scenarios.js';

jest.setTimeout(DONE_WITHIN_MS + 60_000);

/** Acceptance cases C1 to C8: real processes, each with its own pool; only what the database holds in the end counts. */
describe(`${PROCESSES} processes on one row`, () => {
  let database: TestDatabase;
  let fleet: Fleet;

  beforeAll(async () => {
    database = await createTestDatabase();
    for (const table of ARENA_TABLES) await database.pool.query(table);
    fleet = await Fleet.launch(database.url);
  });
  afterAll(async () => {
    await fleet?.disband();
    await database?.drop();
  });

  async function arena(id: string, ops: number) {
    await database.pool.query('INSERT INTO counters (id) VALUES (?)', [id]);
    return { id, ops };
  }

  async function counter(id: string): Promise<{ value: number; version: number }> {
    const [row] = await database.rows<{ value: string; version: string }>('SELECT * FROM counters WHERE id = ?', [id]);
    return { value: Number(row?.value), version: Number(row?.version) };
  }

  /** Whether anybody holds the advisory lock of a key, seen from outside. */
  async function isLocked(key: string): Promise<boolean> {
    const [row] = await database.rows<{ holder: unknown }>('SELECT IS_USED_LOCK(?) AS holder', [
      `${database.name}:${key}`,
    ]);
    return row?.holder !== null;
  }

  it(`C1 adds ${PROCESSES} x ${INCREMENTS} under row locks without losing one`, async () => {
    await fleet.compete('rowLock', await arena('c1', INCREMENTS));
    expect((await counter('c1')).value).toBe(fleet.size * INCREMENTS);
  });

  it(`C2 adds ${PROCESSES} x ${INCREMENTS} under an advisory lock and leaves none held`, async () => {
    await fleet.compete('advisoryLock', await arena('c2', INCREMENTS));
    expect((await counter('c2')).value).toBe(fleet.size * INCREMENTS);
    expect(await isLocked('c2')).toBe(false);
  });

  it('C3 adds under an advisory lock and then a row lock', async () => {
    await fleet.compete('advisoryAndRowLock', await arena('c3', OPS));
    expect((await counter('c3')).value).toBe(fleet.size * OPS);
    expect(await isLocked('c3')).toBe(false);
  });

  it('C4 adds in one statement without a lock', async () => {
    await fleet.compete('atomicUpdate', await arena('c4', OPS));
    expect((await counter('c4')).value).toBe(fleet.size * OPS);
  });

  it(`C5 adds ${PROCESSES} x ${INCREMENTS} by optimistic updates, each with a version of its own`, async () => {
    await fleet.compete('optimisticUpdate', await arena('c5', INCREMENTS));
    const sum = fleet.size * INCREMENTS;
    expect(await counter('c5')).toEqual({ value: sum, version: sum });
  });

  it('C6 inserts one row, whoever comes first, and no process sees an error', async () => {
    await fleet.compete('idempotentInsert', await arena('c6', OPS));
    expect(await database.rows('SELECT id FROM effects')).toEqual([{ id: 'c6' }]);
  });

  /** Runs up to five times, since a race may by luck go well. */
  async function isBrokenWithinFiveTries(scenario: 'unguarded' | 'ignoredConflicts', ops: number): Promise<boolean> {
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const id = `${scenario}-${attempt}`;
      await fleet.compete(scenario, await arena(id, ops));
      if ((await counter(id)).value !== fleet.size * ops) return true;
    }
    return false;
  }

  it('C7 (negative control) loses updates when it reads and writes without a lock', async () => {
    expect(await isBrokenWithinFiveTries('unguarded', 75)).toBe(true);
  });

  it('C8 (negative control) loses updates when it ignores that an optimistic update met a conflict', async () => {
    expect(await isBrokenWithinFiveTries('ignoredConflicts', 75)).toBe(true);
  });
});

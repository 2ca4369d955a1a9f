import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type Contender, openContender } from './contender.js';
import { OPS } from './fleet.js';
import { ARENA_TABLES, CONTENDER_DEFAULTS, SCENARIOS, type ScenarioName } from './scenarios.js';

const CONTENDERS = 8;
/** Fewer than contenders: some wait for a connection, some for the lock. */
const POOL_SIZE = 5;

/** The cases C1 to C8 where a pooled connection serves one contender after another. */
describe(`${CONTENDERS} contenders of one process on a pool of ${POOL_SIZE}`, () => {
  let database: TestDatabase;
  let db: Contender;

  beforeAll(async () => {
    database = await createTestDatabase();
    for (const table of ARENA_TABLES) await database.pool.query(table);
    db = await openContender(database.url, { poolSize: POOL_SIZE, db: CONTENDER_DEFAULTS });
  });
  afterAll(async () => {
    await db?.close();
    await database?.drop();
  });

  async function compete(scenario: ScenarioName, id: string, ops = OPS): Promise<{ value: number; version: number }> {
    await database.pool.query('INSERT INTO counters (id) VALUES (?)', [id]);
    await Promise.all(Array.from({ length: CONTENDERS }, () => SCENARIOS[scenario](db, { id, ops })));
    const [row] = await database.rows<{ value: string; version: string }>('SELECT * FROM counters WHERE id = ?', [id]);
    return { value: Number(row?.value), version: Number(row?.version) };
  }

  it.each([
    ['C1', 'rowLock'],
    ['C2', 'advisoryLock'],
    ['C3', 'advisoryAndRowLock'],
    ['C4', 'atomicUpdate'],
  ] as const)('%s loses no update (%s)', async (id, scenario) => {
    expect((await compete(scenario, id)).value).toBe(CONTENDERS * OPS);
  });

  it('C5 loses no update and gives each its own version (optimisticUpdate)', async () => {
    const sum = CONTENDERS * OPS;
    expect(await compete('optimisticUpdate', 'C5')).toEqual({ value: sum, version: sum });
  });

  it('C6 inserts one row (idempotentInsert)', async () => {
    await compete('idempotentInsert', 'C6');
    expect(await database.rows('SELECT id FROM effects')).toEqual([{ id: 'C6' }]);
  });

  it.each(['unguarded', 'ignoredConflicts'] as const)(
    'C7 and C8 (negative controls) lose updates (%s)',
    async (scenario) => {
      let hasLost = false;
      for (let attempt = 1; attempt <= 5 && !hasLost; attempt += 1) {
        hasLost = (await compete(scenario, `${scenario}-${attempt}`)).value !== CONTENDERS * OPS;
      }
      expect(hasLost).toBe(true);
    },
  );

  it('leaves no advisory lock on any connection of the pool', async () => {
    const keys = ['C2', 'C3'];
    const holders = await Promise.all(
      keys.map((key) =>
        database.rows<{ holder: unknown }>('SELECT IS_USED_LOCK(?) AS holder', [`${database.name}:${key}`]),
      ),
    );
    expect(holders.map(([row]) => row?.holder)).toEqual([null, null]);
  });
});

import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { lines, MIGRATIONS, NAMES, recorded, TABLES, tablesOf } from './recorded.js';
import { safesync } from './safesync.js';

/** Of an application, from before the libraries' migrations. */
class CreateAccount1600000000000 implements MigrationInterface {
  readonly name = 'CreateAccount1600000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE account (id INT PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE account');
  }
}

/** And from after them. */
class CreateTransfer1900000000000 implements MigrationInterface {
  readonly name = 'CreateTransfer1900000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE transfer (id INT PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE transfer');
  }
}

const ACCOUNT = 'CreateAccount1600000000000';
const TRANSFER = 'CreateTransfer1900000000000';
const OWN = [CreateAccount1600000000000, CreateTransfer1900000000000];
const NOTHING = { code: 0, out: 'Nothing to do: every migration is applied.\n', err: '' };

describe('safesync beside the migrations of TypeORM', () => {
  let database: TestDatabase;
  let dataSource: DataSource | undefined;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await dataSource?.destroy();
    dataSource = undefined;
    await database?.drop();
  });

  const open = async (migrations: readonly (new () => MigrationInterface)[], table?: string): Promise<DataSource> => {
    await dataSource?.destroy();
    dataSource = new DataSource({
      type: 'mysql',
      url: database.url,
      migrations: [...migrations],
      ...(table === undefined ? {} : { migrationsTableName: table }),
    });
    return dataSource.initialize();
  };
  const runNames = async (source: DataSource): Promise<string[]> =>
    (await source.runMigrations()).map(({ name }) => name);

  it('has run what it ran for TypeORM too, which then runs only the own ones', async () => {
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0 });
    const source = await open([...MIGRATIONS, ...OWN]);
    expect(await source.showMigrations()).toBe(true);
    expect(await runNames(source)).toEqual([ACCOUNT, TRANSFER]);
    expect(await source.showMigrations()).toBe(false);
    expect(await safesync(['status'], database.url)).toMatchObject({ code: 0 });
    expect(await recorded(database)).toEqual([...NAMES, ACCOUNT, TRANSFER]);
  });

  it('has nothing left to do for TypeORM when there are no own ones', async () => {
    await safesync(['migrate'], database.url);
    const source = await open([...MIGRATIONS]);
    expect(await source.showMigrations()).toBe(false);
    expect(await runNames(source)).toEqual([]);
  });

  it('finds done what TypeORM ran', async () => {
    expect(await runNames(await open([...MIGRATIONS, ...OWN]))).toEqual([ACCOUNT, ...NAMES, TRANSFER]);
    expect(await safesync(['status'], database.url)).toMatchObject({ code: 0 });
    expect(await safesync(['migrate'], database.url)).toEqual(NOTHING);
    expect(await recorded(database)).toEqual([ACCOUNT, ...NAMES, TRANSFER]);
  });

  it('leaves records of own migrations alone, and says nothing of them', async () => {
    await runNames(await open(OWN));
    const before = await database.rows('SELECT * FROM migrations ORDER BY id');
    const status = await safesync(['status', '--json'], database.url);
    expect(status.code).toBe(3);
    expect(status.out).not.toContain('CreateAccount');
    expect(await safesync(['migrate'], database.url)).toMatchObject({ code: 0 });
    expect((await database.rows('SELECT * FROM migrations ORDER BY id')).slice(0, 2)).toEqual(before);
    const source = await open([...MIGRATIONS, ...OWN]);
    expect(await source.showMigrations()).toBe(false);
    expect(await runNames(source)).toEqual([]);
  });

  it('records in the columns, and with the values, that TypeORM does', async () => {
    const shape =
      'SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_key AS k, extra FROM ' +
      'information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position';
    await runNames(await open([...MIGRATIONS], 'theirs'));
    await safesync(['migrate', '--table', 'ours'], database.url);
    expect(await database.rows('SELECT * FROM ours')).toEqual(await database.rows('SELECT * FROM theirs'));
    const [ours, theirs] = [await database.rows(shape, ['ours']), await database.rows(shape, ['theirs'])];
    expect(ours).toHaveLength(3);
    expect(ours).toEqual(theirs);
  });

  it('can be undone by TypeORM, one after the other, and done again', async () => {
    await safesync(['migrate'], database.url);
    const source = await open([...MIGRATIONS]);
    await source.undoLastMigration();
    expect(await tablesOf(database)).toHaveLength(TABLES.length);
    for (let left = TABLES.length - 1; left > 0; left--) await source.undoLastMigration();
    expect(await tablesOf(database)).toEqual(['migrations']);
    expect(await safesync(['status'], database.url)).toMatchObject({ code: 3 });
    expect(await safesync(['migrate'], database.url)).toMatchObject({
      code: 0,
      out: lines('applied  '),
    });
    expect(await source.showMigrations()).toBe(false);
  });

  it('shares a table of records of another name', async () => {
    await runNames(await open([...MIGRATIONS], 'history'));
    expect(await safesync(['migrate', '--table', 'history'], database.url)).toEqual(NOTHING);
    expect(await safesync(['status'], database.url)).toMatchObject({ code: 3 });
  });
});

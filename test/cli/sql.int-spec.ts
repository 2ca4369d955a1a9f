import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { LEASE, NAMES, recorded, TABLES, tablesOf } from './recorded.js';
import { type Ended, safesync } from './safesync.js';

describe('safesync sql', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database?.drop());

  const printed = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await safesync(['sql', ...args], database.url);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return out;
  };
  const statementsOf = (text: string): string[] =>
    text
      .replaceAll(/^--.*$/gm, '')
      .split(';\n')
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '');
  const send = async (text: string): Promise<void> => {
    for (const statement of statementsOf(text)) await database.pool.query(statement);
  };
  const status = (...args: string[]): Promise<Ended> => safesync(['status', ...args], database.url);
  const NOTHING = { code: 0, out: 'Nothing to do: every migration is applied.\n' };

  it('prints what makes the tables and their records, statement by statement', async () => {
    await send(await printed());
    expect(await status()).toMatchObject({ code: 0 });
    expect(await safesync(['migrate'], database.url)).toMatchObject(NOTHING);
    expect(await recorded(database)).toEqual(NAMES);
  });

  it('leaves the same tables as migrate', async () => {
    const shown = async (): Promise<unknown[]> => {
      const texts = [...TABLES, 'migrations'].map((table) =>
        database.rows<{ 'Create Table': string }>(`SHOW CREATE TABLE ${table}`),
      );
      return (await Promise.all(texts)).map(([row]) => row?.['Create Table'].replace(/ AUTO_INCREMENT=\d+/, ''));
    };
    await send(await printed());
    const byHand = await shown();
    await database.pool.query(`DROP TABLE ${TABLES.join(', ')}, migrations`);
    await safesync(['migrate'], database.url);
    expect(byHand).toHaveLength(TABLES.length + 1);
    expect(byHand).toEqual(await shown());
  });

  it('does no harm when it is run twice', async () => {
    const text = await printed();
    await send(text);
    await database.pool.query("INSERT INTO safesync_lease VALUES ('key', REPEAT('a', 16), 7, NOW())");
    const before = await database.rows('SELECT * FROM migrations');
    await send(text);
    expect(await database.rows('SELECT * FROM migrations')).toEqual(before);
    expect(await database.rows('SELECT name FROM safesync_lease')).toHaveLength(1);
  });

  it('makes a recorded table again that is gone', async () => {
    await safesync(['migrate'], database.url);
    await database.pool.query('DROP TABLE safesync_commit');
    expect(await status()).toMatchObject({ code: 1 });
    await send(await printed());
    expect(await status()).toMatchObject({ code: 0 });
    expect(await recorded(database)).toEqual(NAMES);
  });

  it('is the same without a database, and connects to none', async () => {
    const { code, out } = await safesync(['sql']);
    expect(code).toBe(0);
    expect(out).toBe(await printed());
    expect(await safesync(['sql'], 'mysql://nobody@127.0.0.1:1/none')).toMatchObject({ code: 0, out });
  });

  it('records in the table it is told', async () => {
    await send(await printed('--table', 'history'));
    expect(await tablesOf(database)).toEqual(['history', ...TABLES]);
    expect(await status('--table', 'history')).toMatchObject({ code: 0 });
  });

  describe('--pending', () => {
    it('prints the same as without it for an empty database, and changes nothing', async () => {
      expect(await printed('--pending')).toBe(await printed());
      expect(await tablesOf(database)).toEqual([]);
    });

    it('prints what the database lacks, and no more', async () => {
      await safesync(['migrate'], database.url);
      await database.pool.query('DROP TABLE safesync_lease');
      await database.pool.query('DELETE FROM migrations WHERE name = ?', [LEASE]);
      const text = await printed('--pending');
      expect(text).toContain('safesync_lease');
      expect(text).not.toContain('safesync_commit');
      await send(text);
      expect(await status()).toMatchObject({ code: 0 });
    });

    it('prints a comment when nothing is pending', async () => {
      await safesync(['migrate'], database.url);
      const text = await printed('--pending');
      expect(text).toBe('-- nothing is pending\n');
      expect(statementsOf(text)).toEqual([]);
    });

    it('needs a database', async () => {
      expect(await safesync(['sql', '--pending'])).toMatchObject({ code: 2, out: '' });
    });
  });
});

import type { UnsafeSettingsError } from '../db.errors.js';
import { MariadbDialect } from '../dialect/mariadb.dialect.js';
import { MysqlDialect } from '../dialect/mysql.dialect.js';
import { type DriverFacts, requireSafeSettings, type ServerFacts } from './server-facts.js';

const DRIVER: DriverFacts = { supportBigNumbers: true, bigNumberStrings: true, timezone: 'Z', clientFlags: 0 };
const SERVER: ServerFacts = {
  version: '8.0.36',
  sqlMode: 'STRICT_TRANS_TABLES,NO_ZERO_DATE',
  autocommit: 1,
  completionType: 'NO_CHAIN',
  charset: 'utf8mb4',
  rollbackOnTimeout: 0,
  databaseName: null,
  server: 'db:3306',
  maxPacketBytes: '67108864',
  connectionId: 1,
};

function faults(
  driver: Partial<DriverFacts>,
  server: Partial<ServerFacts>,
  dialect = new MysqlDialect(),
): readonly string[] {
  try {
    requireSafeSettings({ ...DRIVER, ...driver }, { ...SERVER, ...server }, dialect);
    return [];
  } catch (error) {
    return (error as UnsafeSettingsError).faults;
  }
}

describe('requireSafeSettings', () => {
  it('lets safe settings pass, however they are spelt', () => {
    expect(faults({}, {})).toEqual([]);
    expect(
      faults({ timezone: '+00:00' }, { sqlMode: 'strict_all_tables', autocommit: '1', completionType: '0' }),
    ).toEqual([]);
  });

  it('lists all faults at once, each with what to do', () => {
    const found = faults(
      { multipleStatements: true, decimalNumbers: true, bigNumberStrings: false, timezone: 'local' },
      { sqlMode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ORACLE', autocommit: 0, completionType: 'CHAIN', charset: 'latin1' },
    );
    expect(found).toHaveLength(11);
    for (const fault of found) expect(fault).toMatch(/set|add|remove/);
  });

  it.each([
    ['5.7.44', new MysqlDialect(), 1],
    ['8.0.11', new MysqlDialect(), 0],
    ['10.5.9-MariaDB', new MariadbDialect(), 1],
    ['10.6.0-MariaDB', new MariadbDialect(), 0],
  ])('%s of %p: %i faults', (version, dialect, count) => {
    expect(faults({}, { version }, dialect)).toHaveLength(count);
  });

  it('sees several statements allowed by a flag', () => {
    expect(faults({ clientFlags: 0x10000 }, {})).toEqual([expect.stringContaining('multipleStatements')]);
  });
});

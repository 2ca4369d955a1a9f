import type { TestDatabase } from '../support/mysql.js';

export const COMMIT = 'CreateSafesyncCommit1764000000000';
export const LEASE = 'CreateSafesyncLease1764000000001';

/** The names in the table of records, in the order in which they came. */
export async function recorded(database: TestDatabase, table = 'migrations'): Promise<string[]> {
  const rows = await database.rows<{ name: string }>(`SELECT name FROM ${table} ORDER BY id`);
  return rows.map(({ name }) => name);
}

/** The names of all tables. */
export async function tablesOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.rows<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name',
  );
  return rows.map(({ name }) => name);
}

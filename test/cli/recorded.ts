import { DB_MIGRATIONS, type SchemaMigration } from '@safesync/db';
import { OUTBOX_MIGRATIONS } from '@safesync/outbox';
import type { TestDatabase } from '../support/mysql.js';

export const COMMIT = 'CreateSafesyncCommit1764000000000';
export const LEASE = 'CreateSafesyncLease1764000000001';

/** What there is to be run, in this order. */
export const MIGRATIONS: readonly (new () => SchemaMigration)[] = [...DB_MIGRATIONS, ...OUTBOX_MIGRATIONS];
const made = MIGRATIONS.map((Migration) => new Migration());
export const NAMES = made.map(({ name }) => name);
/** The tables that are there then, as `tablesOf` names them, without that of the records. */
export const TABLES = made.map(({ table }) => table.name).toSorted();

/** A line for each migration, `word` and its blanks before its name. */
export function lines(word: string): string {
  return NAMES.map((name) => `${word}${name}\n`).join('');
}

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

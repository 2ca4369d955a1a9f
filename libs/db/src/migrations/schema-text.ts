import { quoteIdentifier } from '../sql/identifier.js';
import type { SchemaMigration, TableShape } from './schema-migration.js';

const TIMESTAMP_DIGITS = 13;

/** What TypeORM keeps its records in, as far as it matters here. */
export const recordsShape = (table: string): TableShape => ({
  name: table,
  columns: { timestamp: 'bigint', name: 'varchar' },
});

/** Makes the table of records as TypeORM does, which knows none of its own before its first migration. */
export function recordsText(table: string): string {
  return (
    `CREATE TABLE IF NOT EXISTS ${quoteIdentifier(table, 'table')} (\`id\` int NOT NULL AUTO_INCREMENT, ` +
    '`timestamp` bigint NOT NULL, `name` varchar(255) NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB'
  );
}

/** Records a migration as TypeORM does, once. */
export function recordText({ name }: SchemaMigration, table: string): string {
  const records = quoteIdentifier(table, 'table');
  const label = quoteIdentifier(name, 'migration').replaceAll('`', "'");
  return (
    `INSERT INTO ${records} (\`timestamp\`, \`name\`) SELECT ${Number(name.slice(-TIMESTAMP_DIGITS))}, ${label} FROM DUAL ` +
    `WHERE NOT EXISTS (SELECT 1 FROM ${records} WHERE \`name\` = ${label})`
  );
}

/** What a migration sends. */
export async function textsOf(migration: SchemaMigration): Promise<readonly string[]> {
  const texts: string[] = [];
  await migration.up({ query: async (text) => void texts.push(text) });
  return texts;
}

/**
 * Everything that `SchemaMigrations.run` sends for these migrations, for whoever runs it by hand: statements that end in `;` and a
 * line end. They may be run again.
 */
export async function schemaSql(migrations: readonly SchemaMigration[], recordsTable: string): Promise<string> {
  const parts = [`-- records of what was run\n${recordsText(recordsTable)};\n`];
  for (const migration of migrations) {
    const texts = [...(await textsOf(migration)), recordText(migration, recordsTable)];
    parts.push(`-- ${migration.name}\n${texts.map((text) => `${text};\n`).join('')}`);
  }
  return parts.join('\n');
}

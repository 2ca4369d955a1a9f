import { DB_MIGRATIONS, quoteIdentifier, type SchemaMigration, SchemaMigrations } from '@safesync/db';
import { OUTBOX_MIGRATIONS } from '@safesync/outbox';
import { Command, InvalidArgumentError } from 'commander';
import { parseDatabaseUrl } from './database-url.js';
import { FailureAt } from './failure.js';
import type { Terminal } from './terminal.js';

/** The tables of all libraries, in the order in which they are made. */
export const MIGRATIONS: readonly SchemaMigration[] = [...DB_MIGRATIONS, ...OUTBOX_MIGRATIONS].map(
  (Migration) => new Migration(),
);

export interface SchemaArguments {
  readonly url?: string;
  readonly table: string;
}

/** A command on the tables of a database, with the arguments that say which. */
export function schemaCommand(name: string): Command {
  return new Command(name)
    .option(
      '--url <url>',
      'mysql://user:password@host:port/database; better in MYSQL_URL, where no list of processes shows it',
    )
    .option('--table <name>', 'where TypeORM records migrations (its migrationsTableName)', tableName, 'migrations');
}

/** Lends a connection to `work`; failures say on which database. */
export async function withSchema<T>(
  { url, table }: SchemaArguments,
  terminal: Terminal,
  work: (schema: SchemaMigrations, address: string) => Promise<T>,
): Promise<T> {
  const { connection, shown } = parseDatabaseUrl(url ?? terminal.env.MYSQL_URL);
  try {
    const schema = await SchemaMigrations.open(connection, MIGRATIONS, table);
    try {
      return await work(schema, shown);
    } finally {
      await schema.close();
    }
  } catch (error) {
    throw new FailureAt(shown, error);
  }
}

function tableName(text: string): string {
  try {
    quoteIdentifier(text);
    return text;
  } catch {
    throw new InvalidArgumentError(
      'A table has letters, digits and underscores, at most 64, and does not start with a digit.',
    );
  }
}

import { schemaSql } from '@safesync/db';
import type { Command } from 'commander';
import { MIGRATIONS, type SchemaArguments, schemaCommand, withSchema } from '../database.js';
import type { Terminal } from '../terminal.js';

interface SqlArguments extends SchemaArguments {
  readonly pending?: true;
}

export function sql(terminal: Terminal): Command {
  return schemaCommand('sql')
    .description('print what migrate would send, to be run by hand: of all migrations, without connecting')
    .option('--pending', 'only of those that the database lacks; connects, and changes nothing')
    .action(async ({ pending, ...where }: SqlArguments) => {
      const migrations = pending ? await pendingOf(where, terminal) : MIGRATIONS;
      terminal.out(migrations.length === 0 ? '-- nothing is pending\n' : await schemaSql(migrations, where.table));
    });
}

function pendingOf(where: SchemaArguments, terminal: Terminal): Promise<typeof MIGRATIONS> {
  return withSchema(where, terminal, async (schema) =>
    (await schema.states()).filter(({ isApplied }) => !isApplied).map(({ migration }) => migration),
  );
}

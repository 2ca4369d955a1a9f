import { type Command, InvalidArgumentError } from 'commander';
import { type SchemaArguments, schemaCommand, withSchema } from '../database.js';
import type { Terminal } from '../terminal.js';

interface MigrateArguments extends SchemaArguments {
  readonly wait: number;
}

const MAX_WAIT_SECONDS = 86_400;

export function migrate(terminal: Terminal): Command {
  return schemaCommand('migrate')
    .description('make or change the tables of the libraries: run what is pending')
    .option('--wait <seconds>', 'how long to wait for another process that migrates', seconds, 300)
    .action(async ({ wait, ...where }: MigrateArguments) => {
      let count = 0;
      await withSchema(where, terminal, (schema) =>
        schema.run(wait, (name) => {
          count += 1;
          terminal.out(`applied  ${name}\n`);
        }),
      );
      if (count === 0) terminal.out('Nothing to do: every migration is applied.\n');
    });
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= MAX_WAIT_SECONDS) return value;
  throw new InvalidArgumentError(`Give whole seconds from 0 to ${MAX_WAIT_SECONDS}.`);
}

import type { Command } from 'commander';
import { type SchemaArguments, schemaCommand, withSchema } from '../database.js';
import { EXIT, type Terminal } from '../terminal.js';

interface StatusArguments extends SchemaArguments {
  readonly json?: true;
}

/** What `--json` prints. */
interface Status {
  readonly address: string;
  readonly server: { readonly dialect: string; readonly version: string };
  readonly database: string;
  readonly table: string;
  readonly migrations: readonly { readonly name: string; readonly state: 'applied' | 'pending' }[];
  readonly faults: readonly string[];
}

export function status(terminal: Terminal): Command {
  return schemaCommand('status')
    .description(
      'say which migrations are applied; exits with 3 when some are pending, 1 when a table is not as they leave it',
    )
    .option('--json', 'one JSON document instead of lines')
    .action(async ({ json, ...where }: StatusArguments) => {
      const found = await readStatus(where, terminal);
      terminal.out(json ? `${JSON.stringify(found, null, 2)}\n` : linesOf(found));
      if (found.faults.length > 0) terminal.exitCode = EXIT.failed;
      else if (pendingOf(found) > 0) terminal.exitCode = EXIT.pending;
    });
}

function readStatus(where: SchemaArguments, terminal: Terminal): Promise<Status> {
  return withSchema(where, terminal, async (schema, address) => {
    const { dialect, version, database } = schema.server;
    const states = await schema.states();
    return {
      address,
      server: { dialect, version },
      database,
      table: where.table,
      migrations: states.map(({ migration, isApplied }) => ({
        name: migration.name,
        state: isApplied ? 'applied' : 'pending',
      })),
      faults: await schema.faults(states),
    };
  });
}

const pendingOf = ({ migrations }: Status): number => migrations.filter(({ state }) => state === 'pending').length;

function linesOf(found: Status): string {
  const pending = pendingOf(found);
  return [
    `server    ${found.server.dialect} ${found.server.version}`,
    `database  ${found.database} (${found.address})`,
    `records   ${found.table}`,
    '',
    ...found.migrations.map(({ name, state }) => `${state}   ${name}`),
    '',
    ...found.faults.map((fault) => `fault     ${fault}`),
    ...(found.faults.length > 0
      ? ["Rename a table of that name that is not the library's, then run what safesync sql prints."]
      : []),
    pending === 0
      ? 'Every migration is applied.'
      : `${pending} pending: run safesync migrate, or what safesync sql --pending prints.`,
    '',
  ].join('\n');
}

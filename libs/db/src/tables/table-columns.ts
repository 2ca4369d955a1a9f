import type { DbSession } from '../session/db-session.js';
import { toLiteral } from '../sql/sql-value.js';
import { UnknownColumnError } from './tables.errors.js';

/** A column that a call names, and the argument in which it does: `set.amount`. */
export type ColumnUse = readonly [argument: string, column: string];

/** Every column that `record` names. */
export function columnsIn(argument: string, record: object | undefined): ColumnUse[] {
  return Object.keys(record ?? {}).map((column) => [`${argument}.${column}`, column]);
}

/**
 * The columns of each table, so that a misspelt one is an error before anything is sent. The server is asked for them at the first
 * use of a table, and again before a column counts as unknown: another may have been added since.
 */
export class TableColumns {
  private readonly known = new Map<string, ReadonlySet<string>>();

  /** Throws `UnknownColumnError`. Lets everything pass for a table that the server does not show: it will say so itself. */
  async require(session: DbSession, table: string, uses: readonly ColumnUse[]): Promise<void> {
    if (this.known.has(table) && this.unknownOf(table, uses) === undefined) return;
    this.known.set(table, await columnsOf(session, table));
    const unknown = this.unknownOf(table, uses);
    if (unknown !== undefined) throw new UnknownColumnError(table, unknown[0]);
  }

  private unknownOf(table: string, uses: readonly ColumnUse[]): ColumnUse | undefined {
    const columns = this.known.get(table);
    if (columns === undefined || columns.size === 0) return undefined;
    // as servers compare them
    return uses.find(([, column]) => !columns.has(column.toLowerCase()));
  }
}

async function columnsOf({ internals }: DbSession, table: string): Promise<ReadonlySet<string>> {
  const [name = '', schema] = table.split('.').toReversed();
  const where = schema === undefined ? 'DATABASE()' : toLiteral('table', schema);
  const reply = await internals.query(
    'tables.of',
    'SELECT column_name AS name FROM information_schema.columns ' +
      `WHERE table_schema = ${where} AND table_name = ${toLiteral('table', name)}`,
  );
  const rows = 'rows' in reply ? reply.rows : [];
  return new Set(rows.map((row) => String(row.name).toLowerCase()));
}

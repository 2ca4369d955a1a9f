import { InvalidParameterError } from '../db.errors.js';
import { quoteIdentifier } from './identifier.js';
import type { SqlParams, SqlValue } from './sql-value.js';

/** Values of one row, or of some of its columns, by column. */
export type NewRow = Readonly<Record<string, SqlValue>>;

/** Columns and the parameters that stand for their values, in one order whatever that of the row. */
export interface RowValues {
  readonly columns: readonly string[];
  /** In backticks. */
  readonly quoted: readonly string[];
  /** `:prefix_0_name`: numbered, so that no column's name can meet another parameter's. */
  readonly names: readonly string[];
  readonly params: SqlParams;
}

/** @param prefix of the parameters' names, which errors show: `value`, `set` */
export function rowValues(row: NewRow, prefix: string): RowValues {
  const columns = columnsOf(row);
  const params: Record<string, SqlValue> = {};
  const names = columns.map((column, index) => {
    const name = `${prefix}_${index}_${column}`;
    // an undefined value reaches the session, which refuses it by this name
    params[name] = row[column] as SqlValue;
    return `:${name}`;
  });
  return { columns, quoted: columns.map((column) => quoteIdentifier(column, 'column')), names, params };
}

/** `column = :name` for each. */
export function assignments({ quoted, names }: RowValues): string[] {
  return quoted.map((column, index) => `${column} = ${names[index]}`);
}

/** Names in one order; throws when there are none. @param argument the caller's name for `row`, for the error */
export function requireColumns(row: NewRow, argument: string): string[] {
  const columns = columnsOf(row);
  if (columns.length === 0) throw new InvalidParameterError(argument, 'must name at least one column');
  return columns;
}

function columnsOf(row: NewRow): string[] {
  return typeof row === 'object' && row !== null && !Array.isArray(row) ? Object.keys(row).toSorted() : [];
}

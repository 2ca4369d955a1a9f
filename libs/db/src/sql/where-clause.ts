import { InvalidParameterError } from '../db.errors.js';
import { quoteIdentifier } from './identifier.js';
import type { SqlParams, SqlValue } from './sql-value.js';

/** Columns that must all match: a value by `=`, `null` by `IS NULL`, an array by `IN`. An empty array matches no row. */
export type Where = Readonly<Record<string, SqlValue | readonly SqlValue[]>>;

/** SQL text and the values of its parameters. */
export interface BoundText {
  readonly sql: string;
  readonly params: SqlParams;
}

/**
 * The condition that `where` describes, without the word WHERE, columns in one order whatever theirs. Parameters are numbered,
 * so no column's name can collide with one. An empty `where` is refused: it would mean every row.
 *
 * @param argument the caller's name for `where`, for errors
 */
export function whereClause(where: Where, argument = 'where'): BoundText {
  const columns = typeof where === 'object' && where !== null ? Object.keys(where).toSorted() : [];
  if (columns.length === 0) throw new InvalidParameterError(argument, 'must name at least one column');
  const params: Record<string, SqlValue> = {};
  const terms = columns.map((column, index) => term(column, where[column], `where_${index}_${column}`, params));
  return { sql: terms.join(' AND '), params };
}

function term(
  column: string,
  value: Where[string] | undefined,
  name: string,
  params: Record<string, SqlValue>,
): string {
  const quoted = quoteIdentifier(column, 'column');
  if (value === null) return `${quoted} IS NULL`;
  if (isList(value)) return inList(quoted, column, value, name, params);
  // an undefined value reaches the session, which refuses it by this name
  params[name] = value as SqlValue;
  return `${quoted} = :${name}`;
}

function isList(value: Where[string] | undefined): value is readonly SqlValue[] {
  return Array.isArray(value);
}

function inList(
  quoted: string,
  column: string,
  values: readonly SqlValue[],
  name: string,
  params: Record<string, SqlValue>,
): string {
  if (values.length === 0) return 'FALSE';
  if (values.includes(null))
    throw new InvalidParameterError(column, 'holds null among its values; IN never matches it');
  const names = values.map((value, index) => {
    params[`${name}_${index}`] = value;
    return `:${name}_${index}`;
  });
  return `${quoted} IN (${names.join(', ')})`;
}

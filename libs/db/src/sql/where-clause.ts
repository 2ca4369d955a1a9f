import { InvalidParameterError } from '../db.errors.js';
import { listOf, recordOf } from './arguments.js';
import { quoteIdentifier } from './identifier.js';
import { type SqlParams, type SqlValue, toLiteral } from './sql-value.js';

/** Columns that must all match: a value by `=`, `null` by `IS NULL`, an array by any of its values. An empty array matches no row. */
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
  const given = recordOf(argument, where);
  const columns = Object.keys(given).toSorted();
  if (columns.length === 0) throw new InvalidParameterError(argument, 'must name at least one column');
  const params: Record<string, SqlValue> = {};
  const terms = columns.map((column, index) => term(column, given[column], `where_${index}_${column}`, params));
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
  if (isList(value)) return inList(quoted, column, listOf(column, value), name, params);
  params[name] = compared(name, value as SqlValue);
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
  // IN would compare all of them as one type, decimals and large integers as doubles
  const terms = values.map((value, index) => {
    params[`${name}_${index}`] = compared(`${name}_${index}`, value);
    return `${quoted} = :${name}_${index}`;
  });
  return `(${terms.join(' OR ')})`;
}

/**
 * Numbers and booleans as text, which every type of column compares exactly: next to a text column a number would turn every
 * text into one, and 0 or false would match all that do not begin with a digit. What is wrong in itself is refused first.
 */
function compared(name: string, value: SqlValue): SqlValue {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  toLiteral(name, value);
  return String(value);
}

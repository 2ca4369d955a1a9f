import { InvalidParameterError } from '../db.errors.js';
import { listOf, recordOf } from '../sql/arguments.js';
import { quoteIdentifier } from '../sql/identifier.js';
import type { SqlValue } from '../sql/sql-value.js';
import { type BoundText, type Where, whereClause } from '../sql/where-clause.js';
import { type ColumnUse, columnsIn } from './table-columns.js';

/** Columns of a row type. */
export type ColumnOf<R extends object> = keyof R & string;

/** Columns that must all match: a value by `=`, `null` by `IS NULL`, an array by any of its values. An empty array matches no row. */
export type WhereOf<R extends object> = Readonly<Partial<Record<ColumnOf<R>, SqlValue | readonly SqlValue[]>>>;

/** A column, ascending, or a column and its direction. */
export type Order<C extends string> = C | readonly [column: C, direction: 'ASC' | 'DESC'];

/** Which rows, which columns of them, in which order. */
export interface RowQuery<R extends object> {
  /** Default: every row. */
  readonly where?: WhereOf<R>;
  /** Default: all. */
  readonly columns?: readonly ColumnOf<R>[];
  readonly orderBy?: readonly Order<ColumnOf<R>>[];
  /** Rows at most; 0 for none. Default: no limit. */
  readonly limit?: number;
  /** Rows to leave out first; only with `limit`. Slow when large: a `where` on the last key seen is not. */
  readonly offset?: number;
}

const EVERY_ROW: BoundText = { sql: '', params: {} };

/** ` WHERE ...`, or nothing for every row. */
export function condition<R extends object>(where: WhereOf<R> | undefined): BoundText {
  if (where === undefined) return EVERY_ROW;
  const given = recordOf('where', where);
  if (Object.keys(given).length === 0) return EVERY_ROW;
  const { sql, params } = whereClause(given as Where);
  return { sql: ` WHERE ${sql}`, params };
}

/** ` WHERE ...` for a change: not every row, unless asked for by name. */
export function conditionOfChange<R extends object>(where: WhereOf<R> | undefined, allRows: boolean): BoundText {
  if (allRows) {
    if (where !== undefined) throw new InvalidParameterError('allRows', 'contradicts where: give one of them');
    return EVERY_ROW;
  }
  const one = condition(where);
  if (one !== EVERY_ROW) return one;
  throw new InvalidParameterError('where', 'must name at least one column; for every row say allRows: true');
}

/** Every column that the query names, once its statement could be made. */
export function columnsOfQuery<R extends object>({ where, columns = [], orderBy = [] }: RowQuery<R>): ColumnUse[] {
  return [
    ...columnsIn('where', where),
    ...listOf('columns', columns).map((column): ColumnUse => ['columns', column]),
    ...listOf('orderBy', orderBy).map((order): ColumnUse => ['orderBy', typeof order === 'string' ? order : order[0]]),
  ];
}

/** The whole statement. */
export function selectText<R extends object>(table: string, query: RowQuery<R>): BoundText {
  const { where, columns, orderBy = [], limit, offset } = recordOf('query', query);
  const { sql, params } = condition(where);
  const text = `SELECT ${selection(columns)} FROM ${table}${sql}${orderTerms(orderBy)}${limitTerm(limit, offset)}`;
  return { sql: text, params };
}

function selection(columns: readonly string[] | undefined): string {
  if (columns === undefined) return '*';
  const names = listOf('columns', columns);
  if (names.length === 0) throw new InvalidParameterError('columns', 'must name at least one column');
  return names.map((name) => quoteIdentifier(name, 'column')).join(', ');
}

function orderTerms(orderBy: readonly Order<string>[]): string {
  const terms = listOf('orderBy', orderBy).map(orderTerm);
  return terms.length === 0 ? '' : ` ORDER BY ${terms.join(', ')}`;
}

function orderTerm(order: Order<string>): string {
  const [column = '', direction = 'ASC'] = typeof order === 'string' ? [order] : listOf('orderBy', order);
  if (direction !== 'ASC' && direction !== 'DESC') {
    throw new InvalidParameterError('orderBy', 'must give a direction as ASC or DESC');
  }
  return `${quoteIdentifier(column, 'column')} ${direction}`;
}

function limitTerm(limit: number | undefined, offset: number | undefined): string {
  if (offset !== undefined && limit === undefined) throw new InvalidParameterError('offset', 'needs a limit beside it');
  if (limit === undefined) return '';
  return ` LIMIT ${wholeNumber('limit', limit)}${offset === undefined ? '' : ` OFFSET ${wholeNumber('offset', offset)}`}`;
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new InvalidParameterError(name, 'must be a whole number >= 0');
}

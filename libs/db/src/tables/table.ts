import type { DbSession } from '../session/db-session.js';
import { affectedRows } from '../session/replies.js';
import type { Row } from '../session/server-reply.js';
import { listOf, recordOf } from '../sql/arguments.js';
import { quoteTable } from '../sql/identifier.js';
import { assignments, type NewRow, requireColumns, rowValues } from '../sql/row-values.js';
import type { SqlValue } from '../sql/sql-value.js';
import { type InSession, whileInSession } from './in-session.js';
import { insertChunks } from './insert-chunks.js';
import {
  type ColumnOf,
  columnsOfQuery,
  condition,
  conditionOfChange,
  type RowQuery,
  selectText,
  type WhereOf,
} from './row-query.js';
import { type ColumnUse, columnsIn, type TableColumns } from './table-columns.js';

/** New values by column. */
export type ValuesOf<R extends object> = Readonly<Partial<Record<ColumnOf<R>, SqlValue>>>;

/** Which rows a change concerns. */
export interface RowChange<R extends object> {
  /** At least one column; see `WhereOf`. */
  readonly where?: WhereOf<R>;
  /** Every row of the table; instead of `where`. */
  readonly allRows?: boolean;
}

/**
 * Rows of one table by the values of their columns, without SQL. Names of tables and columns are checked and quoted, and a
 * column that the table does not have throws `UnknownColumnError` before anything is sent; values go the way of every parameter. What it cannot say is said with `session.execute`.
 */
export class Table<R extends object = Row> {
  private readonly quoted: string;

  constructor(
    /** `table` or `schema.table`. */
    readonly name: string,
    private readonly inSession: InSession,
    private readonly columns: TableColumns,
  ) {
    this.quoted = quoteTable(name);
  }

  /** Resolves to the AUTO_INCREMENT value of the new row, as text since it may exceed 2^53; `"0"` where there is none. */
  insert(row: ValuesOf<R>): Promise<string> {
    return this.inSession(async (session) => {
      requireColumns(row as NewRow, 'row');
      const { quoted, names, params } = rowValues(row as NewRow, 'value');
      const sql = `INSERT INTO ${this.quoted} (${quoted.join(', ')}) VALUES (${names.join(', ')})`;
      await this.requireKnown(session, columnsIn('row', row));
      return (await session.executeResult(sql, params)).insertId;
    });
  }

  /**
   * Inserts all rows, or none when it opens its own session, in as few statements as the server's packet size allows; all with
   * the same columns. Resolves to their number.
   */
  insertMany(rows: readonly ValuesOf<R>[]): Promise<number> {
    return this.inSession(async (session) => {
      if (listOf('rows', rows).length === 0) return 0;
      const { internals } = session;
      const { sql, texts } = insertChunks(this.quoted, rows as readonly NewRow[], internals.maxStatementBytes);
      await this.requireKnown(session, columnsIn('rows[0]', rows[0]));
      let sum = 0;
      for (const text of texts) {
        const send = (): ReturnType<typeof internals.connection.send> => internals.connection.send(text);
        sum += await internals.perform({ method: 'insertMany', sql, send }, affectedRows);
      }
      return sum;
    });
  }

  /** The only row, or null. A second one throws `MultipleRowsError`, unless `orderBy` says which is first. */
  findOne(where: WhereOf<R>, options: Pick<RowQuery<R>, 'columns' | 'orderBy'> = {}): Promise<R | null> {
    return this.inSession(async (session) => {
      const limit = options.orderBy === undefined ? 2 : 1;
      const { sql, params } = selectText<R>(this.quoted, { ...options, where, limit });
      await this.requireKnown(session, columnsOfQuery({ ...options, where }));
      return session.fetchOne<R>(sql, params);
    });
  }

  findMany(query: RowQuery<R> = {}): Promise<R[]> {
    return this.inSession(async (session) => {
      const { sql, params } = selectText(this.quoted, query);
      await this.requireKnown(session, columnsOfQuery(query));
      return query.limit === 0 ? [] : session.fetchAll<R>(sql, params);
    });
  }

  /**
   * The rows one by one, as a loop takes them; see `DbSession.stream`. A table without a session opens one for the time of the loop,
   * whose body is not part of it.
   */
  async *stream(query: RowQuery<R> = {}): AsyncGenerator<R, void, undefined> {
    const { sql, params } = selectText(this.quoted, query);
    yield* whileInSession(this.inSession, async (session) => {
      await this.requireKnown(session, columnsOfQuery(query));
      return session.stream<R>(sql, params);
    });
  }

  /** Rows that matched, changed or not. */
  update(change: RowChange<R> & { readonly set: ValuesOf<R> }): Promise<number> {
    return this.inSession(async (session) => {
      const { where, allRows, set: values } = recordOf('change', change);
      requireColumns(values as NewRow, 'set');
      const set = rowValues(values as NewRow, 'set');
      const { sql, params } = conditionOfChange(where, allRows === true);
      const text = `UPDATE ${this.quoted} SET ${assignments(set).join(', ')}${sql}`;
      await this.requireKnown(session, [...columnsIn('set', values), ...columnsIn('where', where)]);
      return session.execute(text, { ...set.params, ...params });
    });
  }

  /** Rows that were deleted. */
  delete(change: RowChange<R>): Promise<number> {
    return this.inSession(async (session) => {
      const { where, allRows } = recordOf('change', change);
      const { sql, params } = conditionOfChange(where, allRows === true);
      await this.requireKnown(session, columnsIn('where', where));
      return session.execute(`DELETE FROM ${this.quoted}${sql}`, params);
    });
  }

  count(where?: WhereOf<R>): Promise<number> {
    return this.inSession(async (session) => {
      const { sql, params } = condition(where);
      await this.requireKnown(session, columnsIn('where', where));
      return Number(await session.executeScalar(`SELECT COUNT(*) FROM ${this.quoted}${sql}`, params));
    });
  }

  exists(where?: WhereOf<R>): Promise<boolean> {
    return this.inSession(async (session) => {
      const { sql, params } = condition(where);
      await this.requireKnown(session, columnsIn('where', where));
      return (await session.executeScalar(`SELECT 1 FROM ${this.quoted}${sql} LIMIT 1`, params)) !== null;
    });
  }

  private requireKnown(session: DbSession, uses: readonly ColumnUse[]): Promise<void> {
    return this.columns.require(session, this.name, uses);
  }
}

import { InvalidParameterError, StatementTooLargeError } from '../db.errors.js';
import { listOf } from '../sql/arguments.js';
import { quoteIdentifier } from '../sql/identifier.js';
import { type NewRow, requireColumns } from '../sql/row-values.js';
import { toLiteral } from '../sql/sql-value.js';

/** Beyond this a larger statement saves nothing and holds up whoever shares the server. */
const MAX_CHUNK_BYTES = 1_048_576;

/** Statements that together insert all rows. */
export interface InsertChunks {
  /** What all of them are, for whoever wants to know what they write. */
  readonly sql: string;
  /** Finished texts, each made when it is asked for. */
  readonly texts: Iterable<string>;
}

/**
 * Rows as multi-row inserts, as many in each as `maxBytes` and one megabyte hold. Every row has the columns of the first;
 * another set of columns, like a value of a wrong kind, throws `InvalidParameterError` naming the row, before any is sent.
 *
 * @param table quoted
 * @param maxBytes longest statement that the server takes
 */
export function insertChunks(table: string, rows: readonly NewRow[], maxBytes: number): InsertChunks {
  const all = listOf('rows', rows);
  const [first = {}] = all;
  const columns = requireColumns(first, 'rows[0]');
  const quoted = columns.map((column) => quoteIdentifier(column, 'column')).join(', ');
  const head = `INSERT INTO ${table} (${quoted}) VALUES `;
  const literals = all.map((row, index) => rowLiteral(row, columns, index));
  return { sql: `${head}(NULL)`, texts: chunked(head, literals, maxBytes) };
}

function rowLiteral(row: NewRow, columns: readonly string[], index: number): string {
  const given = requireColumns(row, `rows[${index}]`);
  if (given.length !== columns.length || given.some((column, at) => column !== columns[at])) {
    throw new InvalidParameterError(`rows[${index}]`, 'must have the same columns as the first row');
  }
  return `(${columns.map((column) => toLiteral(`rows[${index}].${column}`, row[column])).join(', ')})`;
}

function* chunked(head: string, literals: readonly string[], maxBytes: number): Generator<string> {
  const most = Math.min(MAX_CHUNK_BYTES, maxBytes);
  let chunk: string[] = [];
  let bytes = head.length;
  for (const literal of literals) {
    const size = Buffer.byteLength(literal) + 1;
    if (head.length + size > maxBytes) throw new StatementTooLargeError();
    if (chunk.length > 0 && bytes + size > most) {
      yield head + chunk.join(',');
      chunk = [];
      bytes = head.length;
    }
    chunk.push(literal);
    bytes += size;
  }
  if (chunk.length > 0) yield head + chunk.join(',');
}

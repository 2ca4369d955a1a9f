/** One row of a result, as the driver gives it: BIGINT and DECIMAL as strings. */
export type Row = Record<string, unknown>;

/** The server's answer to a statement that returns no rows. */
export interface OkReply {
  readonly affectedRows: number | string;
  readonly insertId: number | string;
  readonly serverStatus: number;
  readonly info: string;
  readonly warningStatus: number;
}

/** One column of a result. */
export interface Column {
  readonly name: string;
  /** The protocol's number of its type. */
  readonly columnType?: number | undefined;
}

/** The server's answer to a statement that returns rows. */
export interface RowsReply {
  readonly rows: Row[];
  /** In their order, which that of a row's properties is not always; empty where nobody asks. */
  readonly columns: readonly Column[];
}

export type Reply = RowsReply | OkReply;

/** The driver's result in one of the two shapes; the driver itself tells them apart by being an array or not. */
export function toReply(result: unknown, columns: readonly Column[] = []): Reply {
  return Array.isArray(result) ? { rows: result as Row[], columns } : (result as OkReply);
}

/** Bit of the server's status word: a transaction is open. */
const SERVER_STATUS_IN_TRANS = 1;

/**
 * Whether a transaction is open after this reply. The driver passes the status on with replies without rows only; one with
 * rows counts as inside, since reading cannot end a transaction.
 */
export function isInTransaction(reply: Reply): boolean {
  return 'rows' in reply || (reply.serverStatus & SERVER_STATUS_IN_TRANS) !== 0;
}

/** `MYSQL_TYPE_LONGLONG`: BIGINT, signed or not. */
const BIGINT_TYPE = 8;

const WHOLE_NUMBER = /^-?\d+$/;

/** Names of the BIGINT columns. Of several columns with one name a row holds the last. */
export function bigintNames(columns: readonly Column[]): readonly string[] {
  const types = new Map(columns.map(({ name, columnType }) => [name, columnType]));
  return [...types].filter(([, type]) => type === BIGINT_TYPE).map(([name]) => name);
}

/** Changes the named values of `row` from text, as the driver gives them, to bigint. */
export function readBigints(row: Row, names: readonly string[]): void {
  for (const name of names) {
    const value = row[name];
    if (typeof value === 'number' || (typeof value === 'string' && WHOLE_NUMBER.test(value))) row[name] = BigInt(value);
  }
}

/** As `readBigints`, for every row there is. */
export function withBigints(reply: Reply): Reply {
  if (!('rows' in reply)) return reply;
  const names = bigintNames(reply.columns);
  for (const row of reply.rows) readBigints(row, names);
  return reply;
}

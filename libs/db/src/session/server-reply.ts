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

/** The server's answer to a statement that returns rows. */
export interface RowsReply {
  readonly rows: Row[];
  /** Name of the first column: the order of a row's properties is not always that of its columns. */
  readonly firstColumn: string | undefined;
}

export type Reply = RowsReply | OkReply;

/** The driver's result in one of the two shapes; the driver itself tells them apart by being an array or not. */
export function toReply(result: unknown, firstColumn: string | undefined): Reply {
  return Array.isArray(result) ? { rows: result as Row[], firstColumn } : (result as OkReply);
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

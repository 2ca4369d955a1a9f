import type { Readable } from 'node:stream';
import { Deferred } from '@safesync/core';
import type { SqlParams } from '../sql/sql-value.js';
import { type Column, type Reply, type Row, readBigints } from './server-reply.js';
import type { SessionConnection } from './session-connection.js';
import type { SessionTransaction } from './session-transaction.js';

/** A statement whose rows are read one by one. */
export interface StreamCall {
  /** The session's method, for errors. */
  readonly method: string;
  readonly sql: string;
  /** Of `:name` parameters. */
  readonly params?: SqlParams | undefined;
  /** Of the driver's own placeholders; instead of `params`. */
  readonly values?: unknown[] | undefined;
}

/** Rows on their way. */
export interface OpenRows {
  /** Resolves when the statement has been sent. Ends in error when its connection is lost. */
  readonly rows: Promise<Readable>;
  /** Resolves when the server has sent all of them, read or not; rejects with a `DbError`. */
  readonly ended: Promise<void>;
}

/** Rows that wait in memory for their reader. */
const ROWS_AHEAD = 128;
const NO_ROWS: Reply = { rows: [], columns: [] };

/** Sends the statement in its turn. Until its reader is done with it the session takes no other: it would wait for him, and he for it. */
export function openRows(transaction: SessionTransaction, { method, sql, params, values }: StreamCall): OpenRows {
  transaction.requireUsable(method);
  const opened = new Deferred<Readable>();
  let endReading = (): void => undefined;
  const take = (rows: Readable): void => {
    rows.once('end', () => endReading()).once('close', () => endReading());
    opened.resolve(rows);
  };
  const sendInTurn = async (text: string): Promise<Reply> => {
    const { connection } = transaction;
    await connection.trackStream(() => send(connection, text, values, take));
    return NO_ROWS;
  };
  const ended = transaction.perform({ method, sql, params, send: sendInTurn }, () => undefined);
  endReading = transaction.beginReading();
  ended.catch((error: unknown) => {
    endReading();
    opened.reject(error);
    // whoever reads would wait for ever
    void opened.promise.then(
      (rows) => rows.destroy(error as Error),
      () => undefined,
    );
  });
  return { rows: opened.promise, ended };
}

/** Resolves when the server has sent all rows, read or not. */
function send(
  connection: SessionConnection,
  text: string,
  values: unknown[] | undefined,
  take: (rows: Readable) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const query = connection.driverConnection.query(text, values ?? connection.noValues);
    const rows = query.stream({ highWaterMark: ROWS_AHEAD });
    // an error that nobody heard would end the process; readers get it from the rows, everybody else from the statement
    rows.on('error', () => undefined);
    query.on('error', reject).once('end', () => resolve());
    take(rows);
  });
}

/** The rows as a loop takes them. A loop that is left early waits for the rest of the rows, and drops them. */
export async function* eachRow(
  transaction: SessionTransaction,
  call: StreamCall,
): AsyncGenerator<Row, void, undefined> {
  const { rows, ended } = openRows(transaction, call);
  try {
    const stream = await rows;
    let columns: readonly Column[] = [];
    if (transaction.rules.bigints) stream.once('fields', (given: readonly Column[]) => (columns = given));
    for await (const row of stream as AsyncIterable<Row>) {
      readBigints(row, columns);
      yield row;
    }
  } finally {
    // says what went wrong without the driver's words
    await ended;
  }
}

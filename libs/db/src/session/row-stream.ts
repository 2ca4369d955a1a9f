import type { Readable } from 'node:stream';
import { Deferred, MAX_TIMER_MS } from '@safesync/core';
import type { SqlParams } from '../sql/sql-value.js';
import { statementOf } from '../sql/statement-parser.js';
import { translate } from './driver-error.js';
import { noResult } from './replies.js';
import { bigintNames, type Column, type Reply, type Row, readBigints } from './server-reply.js';
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
const SILENCE_FACTOR = 10;
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
  endReading = transaction.readers.begin(ended);
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
    const silence = watchSilence(connection, query, rows);
    // an error that nobody heard would end the process
    rows.on('error', () => undefined);
    // and what the driver says of it may hold the text of the statement
    query.removeAllListeners('error').on('error', (error: unknown) => {
      rows.destroy(translate(error, connection.dialect));
      reject(error);
    });
    query.once('end', () => {
      clearInterval(silence);
      resolve();
    });
    take(rows);
  });
}

/**
 * Takes a connection for dead on which no row came for ten times that of a statement, although there was room for one: a server
 * sends rows when it has a packet full of them, which takes it longer than a result as a whole. Looks once in that time, so it
 * may notice after twice as long.
 */
function watchSilence(
  connection: SessionConnection,
  query: { on(event: 'result', listener: () => void): unknown },
  rows: Readable,
): NodeJS.Timeout | undefined {
  const { statementTimeoutMs } = connection;
  if (statementTimeoutMs === 0) return undefined;
  let hasCome = false;
  query.on('result', () => {
    hasCome = true;
  });
  const silence = setInterval(
    () => {
      const waits = rows.destroyed || rows.readableLength === 0;
      if (waits && !hasCome) connection.fallSilent();
      if (connection.lost !== undefined) clearInterval(silence);
      hasCome = false;
    },
    Math.min(SILENCE_FACTOR * statementTimeoutMs, MAX_TIMER_MS),
  );
  return silence.unref();
}

/** The rows as a loop takes them. A loop that is left early waits for the rest of the rows, and drops them. */
export async function* eachRow(
  transaction: SessionTransaction,
  call: StreamCall,
): AsyncGenerator<Row, void, undefined> {
  const { rows, ended } = openRows(transaction, call);
  try {
    const stream = await rows;
    let bigints: readonly string[] | undefined;
    stream.once('fields', (columns: readonly Column[] | undefined) => {
      bigints = columns && (transaction.rules.bigints ? bigintNames(columns) : []);
    });
    for await (const row of stream as AsyncIterable<Row>) {
      // what the server answers to a statement without a result
      if (bigints === undefined) throw noResult(statementOf(call.sql).verb);
      readBigints(row, bigints);
      yield row;
    }
  } finally {
    // says what went wrong without the driver's words
    await ended;
  }
}

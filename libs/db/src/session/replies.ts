import { MultipleRowsError, StatementFailedError } from '../db.errors.js';
import type { Statement } from '../sql/statement.js';
import type { OkReply, Reply, Row } from './server-reply.js';

/** @param verb of the statement */
export function noResult(verb: string): StatementFailedError {
  return new StatementFailedError(`The ${verb} returned no rows to fetch.`, {
    code: 'NO_RESULT',
    remedy: 'Use execute for statements without a result.',
  });
}

/** What a write did. */
export interface WriteResult {
  /** Rows matched by an UPDATE, changed or not; rows inserted or deleted otherwise. */
  readonly affectedRows: number;
  /** Rows of an UPDATE whose values really changed; `affectedRows` for other statements. */
  readonly changedRows: number;
  /** First AUTO_INCREMENT value made by the statement; `"0"` for none. Text, since it may exceed 2^53. */
  readonly insertId: string;
}

export function affectedRows(reply: Reply, statement: Statement): number {
  return 'rows' in reply ? reply.rows.length : countOf(reply, statement).matched;
}

export function writeResult(reply: Reply, statement: Statement): WriteResult {
  if ('rows' in reply) return { affectedRows: reply.rows.length, changedRows: reply.rows.length, insertId: '0' };
  const { matched, changed } = countOf(reply, statement);
  return { affectedRows: matched, changedRows: changed, insertId: String(reply.insertId) };
}

export function allRows(reply: Reply, statement: Statement): Row[] {
  if ('rows' in reply) return reply.rows;
  throw noResult(statement.verb);
}

export function atMostOne(method: string, reply: Reply, statement: Statement): Row | null {
  const rows = allRows(reply, statement);
  if (rows.length > 1) throw new MultipleRowsError(method);
  return rows[0] ?? null;
}

export function scalar(reply: Reply, statement: Statement): unknown {
  const row = atMostOne('executeScalar', reply, statement);
  const first = 'rows' in reply ? reply.columns[0] : undefined;
  return row === null || first === undefined ? null : (row[first.name] ?? null);
}

const THREE_NUMBERS = /^\D*(\d+)\D+(\d+)\D+\d+\D*$/;

/**
 * The server says both counts of an UPDATE in a text ("Rows matched: 1  Changed: 0  Warnings: 0", in the server's language),
 * whatever the connection's FOUND_ROWS flag makes of the number beside it.
 */
function countOf(reply: OkReply, statement: Statement): { matched: number; changed: number } {
  const affected = Number(reply.affectedRows);
  const said = statement.verb === 'UPDATE' ? THREE_NUMBERS.exec(reply.info) : null;
  if (said === null) return { matched: affected, changed: affected };
  return { matched: Number(said[1]), changed: Number(said[2]) };
}

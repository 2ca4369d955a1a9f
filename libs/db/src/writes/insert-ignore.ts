import { DbWriteError } from '../db.errors.js';
import { failureKind } from '../dialect/error-table.js';
import type { DbSession } from '../session/db-session.js';
import { redact } from '../session/driver-error.js';
import { affectedRows } from '../session/replies.js';
import type { Reply } from '../session/server-reply.js';
import { quoteTable } from '../sql/identifier.js';
import { type NewRow, requireColumns, rowValues } from '../sql/row-values.js';
import { statementOf } from '../sql/statement-parser.js';
import type { BoundText } from '../sql/where-clause.js';
import { RowAlteredError } from './writes.errors.js';

/** What became of an insert. `key`: the unique key that holds the values already, where the server named it. */
export type InsertOutcome =
  | { readonly inserted: true }
  | { readonly inserted: false; readonly key: string | undefined };

interface Warning {
  readonly errno: number;
  readonly message: string;
}

/**
 * Inserts the row unless a unique key holds its values. An INSERT that fails makes contenders deadlock more often when the first
 * of them rolls back; INSERT IGNORE does less so, but turns all errors into warnings, so each of them is looked at.
 */
export async function insertIgnore(session: DbSession, table: string, row: NewRow): Promise<InsertOutcome> {
  const { affected, warnings } = await send(session, insertText(table, row));
  if (affected > 0) {
    if (warnings.length === 0) return { inserted: true };
    const error = new RowAlteredError(table, warnings.map(shown), { errno: warnings[0]?.errno });
    session.internals.abort(error);
    throw error;
  }
  const other = warnings.find((warning) => !isDuplicate(warning));
  const duplicate = warnings.find(isDuplicate);
  if (other !== undefined || duplicate === undefined) throw refused(table, other);
  return { inserted: false, key: session.internals.dialect.duplicateKey(duplicate.message) };
}

function insertText(table: string, row: NewRow): BoundText {
  requireColumns(row, 'row');
  const { quoted, names, params } = rowValues(row, 'value');
  const sql = `INSERT IGNORE INTO ${quoteTable(table)} (${quoted.join(', ')}) VALUES (${names.join(', ')})`;
  return { sql, params };
}

/** Both statements in one turn: any other between them would take the warnings away. */
async function send(
  session: DbSession,
  { sql, params }: BoundText,
): Promise<{ affected: number; warnings: Warning[] }> {
  const { internals } = session;
  const text = statementOf(sql).bind(params);
  let warnings: Warning[] = [];
  const insertAndAsk = async (): Promise<Reply> => {
    const reply = await internals.connection.send(text);
    if ('rows' in reply || reply.warningStatus === 0) return reply;
    warnings = await askWarnings(session);
    return reply;
  };
  const affected = await internals.perform({ method: 'insert', sql, send: insertAndAsk }, affectedRows);
  return { affected, warnings };
}

async function askWarnings({ internals }: DbSession): Promise<Warning[]> {
  try {
    const reply = await internals.connection.send('SHOW WARNINGS');
    const rows = 'rows' in reply ? reply.rows : [];
    return rows.map(({ Code, Message }) => ({ errno: Number(Code), message: String(Message) }));
  } catch (error) {
    // the row may be there, altered
    internals.abort(error);
    throw error;
  }
}

function isDuplicate({ errno }: Warning): boolean {
  return failureKind({ errno }) === 'duplicateKey';
}

function shown({ errno, message }: Warning): string {
  return `${redact(message, errno)} (${errno})`;
}

function refused(table: string, warning: Warning | undefined): DbWriteError {
  const why = warning === undefined ? 'the server did not say why' : shown(warning);
  return new DbWriteError(`The row was not inserted into "${table}": ${why}.`, { errno: warning?.errno });
}

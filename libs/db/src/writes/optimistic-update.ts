import { InvalidParameterError, MissingRowError, MultipleRowsError, OccConflictError } from '../db.errors.js';
import type { DbSession } from '../session/db-session.js';
import { recordOf } from '../sql/arguments.js';
import { quoteIdentifier, quoteTable } from '../sql/identifier.js';
import { assignments, type RowValues, rowValues } from '../sql/row-values.js';
import type { SqlValue } from '../sql/sql-value.js';

/** A change of one row that holds only if nobody changed it since its version was read. */
export interface OptimisticUpdate {
  readonly table: string;
  /** The primary key or another unique column. */
  readonly idColumn: string;
  readonly idValue: SqlValue;
  /** An integer column that rises by one with every change. */
  readonly versionColumn: string;
  /** The version that was read; compared as a whole number, exactly, whatever its type here. `null` matches no row. */
  readonly versionValue: string | number | bigint | null;
  /**
   * New values by column. None only raises the version. A value given for the version column itself is ignored: it always
   * rises by one.
   */
  readonly updates: Readonly<Record<string, SqlValue>>;
}

/**
 * Changes the row and raises its version by one, if the version still is the expected one. Resolves to 1, or to 0 when it is
 * not or the row does not exist: that is no error, but nothing was written. Read again in a new session then (`occRetry`);
 * in the same one the answer may stay the same for ever.
 */
export async function occUpdate(session: DbSession, change: OptimisticUpdate): Promise<number> {
  const { table, idColumn, idValue, versionValue } = recordOf('change', change);
  const version = versionOf(versionValue);
  const versionColumn = quoteIdentifier(change.versionColumn, 'column');
  const updates = updatesOf(change);
  const affected = await session.execute(
    `UPDATE ${quoteTable(table)} SET ${[...assignments(updates), `${versionColumn} = ${versionColumn} + 1`].join(', ')} ` +
      `WHERE ${quoteIdentifier(idColumn, 'column')} = :id_value AND ${versionColumn} = :version_value`,
    { ...updates.params, id_value: idValue, version_value: version },
  );
  if (affected <= 1) return affected;
  const error = new MultipleRowsError(`An optimistic update of "${table}" by ${idColumn}`);
  session.internals.abort(error);
  throw error;
}

/**
 * As `occUpdate`, but a version that is not the expected one throws `OccConflictError`, and a row that does not exist
 * `MissingRowError`. Resolves to the new version.
 */
export async function occUpdateOrThrow(session: DbSession, change: OptimisticUpdate): Promise<bigint> {
  if ((await occUpdate(session, change)) === 1) return BigInt(change.versionValue as string | number | bigint) + 1n;
  const exists = await session.executeScalar(
    `SELECT 1 FROM ${quoteTable(change.table)} WHERE ${quoteIdentifier(change.idColumn, 'column')} = :id_value`,
    { id_value: change.idValue },
  );
  throw exists === null ? new MissingRowError(change.table) : new OccConflictError(change.table, 1);
}

/** Without the version column, which servers know in any case. */
function updatesOf({ updates, versionColumn }: OptimisticUpdate): RowValues {
  const version = versionColumn.toLowerCase();
  const kept = Object.entries(updates).filter(([column]) => column.toLowerCase() !== version);
  return rowValues(Object.fromEntries(kept), 'set');
}

/** As a number literal: compared with text, servers would round both to floating point. */
function versionOf(value: OptimisticUpdate['versionValue']): bigint | number | null {
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw new InvalidParameterError('versionValue', 'is not a whole number');
}

import type { Statement } from '../sql/statement.js';
import type { FailureKind } from './error-table.js';
import { MysqlDialect } from './mysql.dialect.js';
import type { DriverFailure, RowLockClause } from './sql-dialect.js';

/** MariaDB 10.6 and later: where it departs from MySQL. */
export class MariadbDialect extends MysqlDialect {
  override readonly name = 'mariadb';
  override readonly minimumVersion: readonly [number, number] = [10, 6];
  // `transaction_isolation` exists from 11.1 on only; the older name stays valid there
  protected override readonly isolationVariable = 'tx_isolation';

  override readonly hasWaitClause = true;

  override rowLockClause(clause: RowLockClause): string {
    const wait =
      clause.wait === 'wait' && clause.timeoutMs !== undefined ? ` WAIT ${Math.ceil(clause.timeoutMs / 1_000)}` : '';
    return `${super.rowLockClause(clause)}${wait}`;
  }

  override statementLimit(ms: number): string {
    const limit = ms / 1_000;
    const least = `LEAST(${limit}, COALESCE(NULLIF(@@GLOBAL.max_statement_time, 0), ${limit}))`;
    return `SET SESSION max_statement_time = ${ms === 0 ? 'DEFAULT' : least}`;
  }

  /** GET_LOCK takes fractions of a second here. */
  protected override acquireUserLock(name: string, timeoutMs: number): string {
    return `SELECT GET_LOCK(${name}, ${Math.ceil(timeoutMs) / 1_000}) AS result`;
  }

  protected override lockStrength(mode: RowLockClause['mode']): string {
    return mode === 'update' ? ' FOR UPDATE' : ' LOCK IN SHARE MODE';
  }

  /** NOWAIT fails with the number of a timeout here; only the statement's own text tells them apart. */
  override classify(failure: DriverFailure, statement?: Statement): FailureKind {
    const kind = super.classify(failure, statement);
    return kind === 'lockTimeout' && statement?.isNoWait === true ? 'lockNotAvailable' : kind;
  }
}

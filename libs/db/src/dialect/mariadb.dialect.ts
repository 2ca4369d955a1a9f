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

  protected override lockStrength(mode: RowLockClause['mode']): string {
    return mode === 'update' ? ' FOR UPDATE' : ' LOCK IN SHARE MODE';
  }

  /** NOWAIT fails with the number of a timeout here; only the statement's own text tells them apart. */
  override classify(failure: DriverFailure, statement?: Statement): FailureKind {
    const kind = super.classify(failure, statement);
    return kind === 'lockTimeout' && statement?.isNoWait === true ? 'lockNotAvailable' : kind;
  }
}

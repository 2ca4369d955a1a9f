import type { Statement } from '../sql/statement.js';
import { type FailureKind, failureKind } from './error-table.js';
import type { ConnectionSettings, DriverFailure, IsolationLevel, RowLockClause, SqlDialect } from './sql-dialect.js';

const ER_LOCK_DEADLOCK = 1213;
const ER_USER_LOCK_DEADLOCK = 3058;
const ER_QUERY_TIMEOUT = 3024;
const DUPLICATE_KEY_NAME = /for key '(?:[^']*\.)?([^'.]+)'$/;

/** MySQL 8.0 and later, and the base that MariaDB's file departs from. */
export class MysqlDialect implements SqlDialect {
  readonly name: string = 'mysql';
  readonly minimumVersion: readonly [number, number] = [8, 0];
  protected readonly isolationVariable: string = 'transaction_isolation';

  readonly serverName = "CONCAT(@@hostname, ':', @@port)";

  get factsQuery(): string {
    return (
      'SELECT VERSION() AS version, @@SESSION.sql_mode AS sqlMode, @@SESSION.autocommit AS autocommit, ' +
      '@@SESSION.completion_type AS completionType, @@SESSION.character_set_client AS charset, ' +
      '@@GLOBAL.innodb_rollback_on_timeout AS rollbackOnTimeout, DATABASE() AS databaseName, ' +
      '@@SESSION.max_allowed_packet AS maxPacketBytes, CONNECTION_ID() AS connectionId, ' +
      `${this.serverName} AS server`
    );
  }

  connectionSetup(settings: ConnectionSettings): readonly string[] {
    const level = settings.isolation.replace(' ', '-');
    return [
      `SET SESSION time_zone = '+00:00', SESSION ${this.isolationVariable} = '${level}', ` +
        `SESSION innodb_lock_wait_timeout = ${seconds(settings.lockWaitMs)}`,
    ];
  }

  startTransaction(readOnly: boolean): string {
    return readOnly ? 'START TRANSACTION READ ONLY' : 'START TRANSACTION';
  }

  nextIsolation(level: IsolationLevel): string {
    return `SET TRANSACTION ISOLATION LEVEL ${level}`;
  }

  lockWait(ms: number): string {
    return `SET SESSION innodb_lock_wait_timeout = ${seconds(ms)}`;
  }

  /** SELECT only: nothing else can be limited here. */
  statementLimit(ms: number): string {
    const usual = '@@GLOBAL.max_execution_time';
    const least = `CAST(LEAST(${ms}, COALESCE(NULLIF(${usual}, 0), ${ms})) AS UNSIGNED)`;
    return `SET SESSION max_execution_time = ${ms === 0 ? 'DEFAULT' : least}`;
  }

  kill(threadId: number): string {
    return `KILL ${threadId}`;
  }

  readonly hasWaitClause: boolean = false;

  rowLockClause({ mode, wait }: RowLockClause): string {
    return `${this.lockStrength(mode)}${WAIT_CLAUSE[wait]}`;
  }

  protected lockStrength(mode: RowLockClause['mode']): string {
    return mode === 'update' ? ' FOR UPDATE' : ' FOR SHARE';
  }

  classify(failure: DriverFailure, _statement?: Statement): FailureKind {
    return failureKind(failure);
  }

  duplicateKey(message: string): string | undefined {
    return DUPLICATE_KEY_NAME.exec(message)?.[1];
  }

  readonly userLocks: SqlDialect['userLocks'] = {
    maxNameLength: 64,
    acquire: (name, timeoutMs) => this.acquireUserLock(name, timeoutMs),
    release: (name) => `SELECT RELEASE_LOCK(${name}) AS result`,
    isHeld: (name) => `SELECT IS_USED_LOCK(${name}) = CONNECTION_ID() AS result`,
    interpret: (result) => {
      if (result === null || result === undefined) return 'failed';
      return Number(result) === 1 ? 'acquired' : 'busy';
    },
    isTimeout: (errno) => errno === ER_QUERY_TIMEOUT,
    isDeadlock: (errno) => errno === ER_USER_LOCK_DEADLOCK || errno === ER_LOCK_DEADLOCK,
  };

  /** GET_LOCK knows whole seconds here, rounded by its own rules; the hint ends the wait to the millisecond. */
  protected acquireUserLock(name: string, timeoutMs: number): string {
    const ms = Math.ceil(timeoutMs);
    const hint = ms === 0 ? '' : `/*+ MAX_EXECUTION_TIME(${ms}) */ `;
    return `SELECT ${hint}GET_LOCK(${name}, ${ms === 0 ? 0 : seconds(ms) + 1}) AS result`;
  }
}

const WAIT_CLAUSE = { wait: '', nowait: ' NOWAIT', skipLocked: ' SKIP LOCKED' } as const;

/** Whole seconds, rounded up: the server's unit. */
function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

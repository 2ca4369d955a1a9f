export {
  AcquireTimeoutError,
  CommitOutcomeUnknownError,
  ConcurrentUseError,
  ConnectionLostError,
  DbError,
  type DbErrorDetails,
  DbWriteError,
  DeadlockError,
  DuplicateKeyError,
  InvalidIdentifierError,
  InvalidParameterError,
  LockAcquisitionError,
  LockNotAvailableError,
  LockTimeoutError,
  MissingRowError,
  MultipleRowsError,
  NestedSessionError,
  OccConflictError,
  ServerReadOnlyError,
  SessionAbortedError,
  SessionClosedError,
  SessionTimeoutError,
  StatementFailedError,
  StatementRefusedError,
  TransactionLostError,
  UnawaitedStatementsError,
  UnsafeSettingsError,
} from './db.errors.js';
export {
  DB_ERRORS_TOTAL,
  DB_LOCK_ACQUIRE_LATENCY,
  DB_SESSIONS_TOTAL,
  DB_WRITE_LATENCY,
  DB_WRITE_TOTAL,
} from './db.metrics.js';
export type { DbOptions, RetryOptions, SessionOptions } from './db.options.js';
export type { IsolationLevel, SqlDialect } from './dialect/sql-dialect.js';
export { DbSession } from './session/db-session.js';
export { DbSessions } from './session/db-sessions.js';
export { isConnectionError, isRetryable } from './session/driver-error.js';
export type { WriteResult } from './session/replies.js';
export type { Row, SessionConnection } from './session/session-connection.js';
export type { SessionHook } from './session/session-hooks.js';
export type { ConnectionBracket } from './session/session-run.js';
export { quoteIdentifier, quoteTable } from './sql/identifier.js';
export type { SqlParams, SqlValue } from './sql/sql-value.js';

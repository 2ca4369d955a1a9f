export {
  AcquireTimeoutError,
  CommitOutcomeUnknownError,
  ConcurrentUseError,
  ConnectionLostError,
  DbError,
  type DbErrorDetails,
  DbWriteError,
  DeadlockError,
  DirtyConnectionError,
  DuplicateKeyError,
  InvalidIdentifierError,
  InvalidParameterError,
  LeaseExpiredError,
  LockAcquisitionError,
  LockNotAvailableError,
  LockTimeoutError,
  MissingRowError,
  MultipleRowsError,
  NestedSessionError,
  OccConflictError,
  PoolDeadlockError,
  SchemaMissingError,
  ServerReadOnlyError,
  SessionAbortedError,
  SessionClosedError,
  SessionTimeoutError,
  StatementFailedError,
  StatementRefusedError,
  StatementTimeoutError,
  StatementTooLargeError,
  TransactionLostError,
  UnawaitedStatementsError,
  UnsafeSettingsError,
} from './db.errors.js';
export {
  DB_ERRORS_TOTAL,
  DB_LEAKS_TOTAL,
  DB_LOCK_ACQUIRE_LATENCY,
  DB_METRICS,
  DB_POOL_CONNECTIONS,
  DB_POOL_SIZE,
  DB_POOL_WAITING,
  DB_SESSIONS_TOTAL,
  DB_WRITE_LATENCY,
  DB_WRITE_TOTAL,
} from './db.metrics.js';
export { type DbOptions, type RetryOptions, requireSessionOptions, type SessionOptions } from './db.options.js';
export { getDbToken, InjectDb } from './db.tokens.js';
export type { IsolationLevel, SqlDialect } from './dialect/sql-dialect.js';
export { AdvisoryLock } from './locking/advisory-lock.js';
export type { AdvisoryLockOptions } from './locking/advisory-lock.options.js';
export { AdvisoryLocks } from './locking/advisory-locks.js';
export { LeaderElection, type Leadership } from './locking/leader-election.js';
export type { LeaseLockOptions, LeaseOptions } from './locking/lease-lock.options.js';
export { type Lease, LeaseLocks } from './locking/lease-locks.js';
export type { LockKey } from './locking/lock-keys.js';
export { RowLock } from './locking/row-lock.js';
export type { RowLockOptions } from './locking/row-lock.options.js';
export { RowLocks } from './locking/row-locks.js';
export { DB_MIGRATIONS } from './migrations/db-migrations.js';
export { SchemaMismatchError } from './migrations/migrations.errors.js';
export type { SchemaMigration, TableShape, TextSender } from './migrations/schema-migration.js';
export { type MigrationState, SchemaMigrations, type SchemaServer } from './migrations/schema-migrations.js';
export { schemaSql } from './migrations/schema-text.js';
export { SafeSyncDbModule } from './safesync-db.module.js';
export type { SafeSyncDbModuleExtras, SafeSyncDbModuleOptions } from './safesync-db.options.js';
export { DbSession } from './session/db-session.js';
export { DbSessions } from './session/db-sessions.js';
export type { DirectConnection, DirectConnectionOptions } from './session/direct-connection.js';
export { isConnectionError, isRetryable, orSchemaMissing } from './session/driver-error.js';
export type { ConnectionLeak } from './session/lendings.js';
export type { DbConnectionOptions } from './session/own-data-source.js';
export type { WriteResult } from './session/replies.js';
export type { Row } from './session/server-reply.js';
export type { SessionConnection } from './session/session-connection.js';
export type { SessionHook } from './session/session-hooks.js';
export type { ConnectionBracket } from './session/session-run.js';
export { isInSession } from './session/session-scope.js';
export { quoteIdentifier, quoteTable } from './sql/identifier.js';
export type { NewRow } from './sql/row-values.js';
export type { SqlParams, SqlValue } from './sql/sql-value.js';
export type { Where } from './sql/where-clause.js';
export type { ColumnOf, Order, RowQuery, WhereOf } from './tables/row-query.js';
export { type RowChange, Table, type ValuesOf } from './tables/table.js';
export { UnknownColumnError } from './tables/tables.errors.js';
export { Tables } from './tables/tables.js';
export { type IdempotentInsertOptions, insertIdempotent } from './writes/idempotent-insert.js';
export { IdempotentInserts, type InsertedOrFetched } from './writes/idempotent-inserts.js';
export { type OccAttempt, type OccRetryOptions, occRetry } from './writes/optimistic-retry.js';
export { type OptimisticUpdate, occUpdate, occUpdateOrThrow } from './writes/optimistic-update.js';
export { OptimisticUpdates } from './writes/optimistic-updates.js';
export { RowAlteredError } from './writes/writes.errors.js';

import { DbError, type DbErrorDetails } from './db.error.js';

export { DbError, type DbErrorDetails } from './db.error.js';
export {
  CommitOutcomeUnknownError,
  ConcurrentUseError,
  NestedSessionError,
  PoolDeadlockError,
  SessionAbortedError,
  SessionClosedError,
  SessionTimeoutError,
  TransactionLostError,
  UnawaitedStatementsError,
} from './session/session.errors.js';

/** The server refused a statement; the transaction goes on without it. */
export class StatementFailedError extends DbError {
  constructor(what: string, details: DbErrorDetails = {}) {
    super(what, { code: 'STATEMENT_FAILED', remedy: 'Correct the statement or the schema it meets.', ...details });
  }
}

/** The server refused a write (INSERT, UPDATE, REPLACE, DELETE); the transaction goes on without it. */
export class DbWriteError extends DbError {
  constructor(what: string, details: DbErrorDetails = {}) {
    super(what, { code: 'DB_WRITE_FAILED', remedy: 'Correct the values or the schema they meet.', ...details });
  }
}

/** A unique key already holds the value. Only the statement was undone; the transaction goes on. */
export class DuplicateKeyError extends DbWriteError {
  /** Name of the key without its table (`PRIMARY`, `uq_email`); undefined when the server did not say. */
  readonly key: string | undefined;

  constructor(key: string | undefined, details: DbErrorDetails = {}) {
    super(key === undefined ? 'Duplicate value for a unique key.' : `Duplicate value for key "${key}".`, {
      code: 'DUPLICATE_KEY',
      remedy: 'Treat it as already done (IdempotentInserts) or choose another value.',
      ...details,
    });
    this.key = key;
  }
}

/** The server ended a statement that took longer than `statementTimeoutMs`. Only the statement was undone; the transaction goes on. */
export class StatementTimeoutError extends DbError {
  constructor(verb: string | undefined, details: DbErrorDetails = {}) {
    super(`The ${verb ?? 'statement'} took longer than its time limit.`, {
      code: 'STATEMENT_TIMEOUT',
      remedy: 'Make it faster (an index, fewer rows at a time) or raise statementTimeoutMs.',
      ...details,
    });
  }
}

/** A lock could not be had. */
export class LockAcquisitionError extends DbError {
  constructor(what: string, details: DbErrorDetails = {}) {
    super(what, { code: 'LOCK_ACQUISITION', remedy: 'Find who holds it, or wait longer.', ...details });
  }
}

/** Waiting for a lock took longer than allowed. The session that waited can only roll back. */
export class LockTimeoutError extends LockAcquisitionError {
  constructor(what: string, details: DbErrorDetails = {}) {
    super(what, {
      code: 'LOCK_TIMEOUT',
      remedy: "Shorten the holder's transaction, wait longer, or run the work again in a new session.",
      isRetryable: true,
      ...details,
    });
  }
}

/** A lease lock was not renewed in time; somebody else may have it. Nothing was committed under it. */
export class LeaseExpiredError extends LockAcquisitionError {
  constructor(key: string, ttlMs: number) {
    super(`The lease ${JSON.stringify(key.slice(0, 80))} of ${ttlMs} ms has expired before its work was committed.`, {
      code: 'LEASE_EXPIRED',
      remedy: 'Keep the event loop free, or raise ttlMs above the longest pause; run the work again.',
      isRetryable: true,
    });
  }
}

/** Another session holds the lock and this one asked not to wait (NOWAIT). */
export class LockNotAvailableError extends LockAcquisitionError {
  constructor(what: string, details: DbErrorDetails = {}) {
    super(what, { code: 'LOCK_NOT_AVAILABLE', remedy: 'Do something else and come back, or wait.', ...details });
  }
}

/** The server chose this transaction as the victim of a deadlock or conflict and rolled all of it back. */
export class DeadlockError extends DbError {
  constructor(what: string, details: DbErrorDetails = {}) {
    super(what, {
      code: 'DEADLOCK',
      remedy: 'Run the work again in a new session (withRetry), and lock rows in one order everywhere.',
      isRetryable: true,
      ...details,
    });
  }
}

/** The connection to the server broke, or none could be made. What it had not committed is undone. */
export class ConnectionLostError extends DbError {
  constructor(what = 'The connection to the database was lost.', details: DbErrorDetails = {}) {
    super(what, {
      code: 'CONNECTION_LOST',
      remedy: 'Check that the server runs and can be reached; run the work again.',
      isRetryable: true,
      ...details,
    });
  }
}

/** The server accepts no writes now (failover, read-only replica). */
export class ServerReadOnlyError extends DbError {
  constructor(details: DbErrorDetails = {}) {
    super('The server is read-only.', {
      code: 'SERVER_READ_ONLY',
      remedy: 'Connect to the writer; after a failover, run the work again.',
      isRetryable: true,
      ...details,
    });
  }
}

/** No connection became free in time. */
export class AcquireTimeoutError extends DbError {
  constructor(readonly timeoutMs: number) {
    super(`No database connection became free within ${timeoutMs} ms.`, {
      code: 'ACQUIRE_TIMEOUT',
      remedy: 'Enlarge the pool, shorten transactions, or lower the concurrency.',
      isRetryable: true,
    });
  }
}

/** A method that promises at most one row met a second one. */
export class MultipleRowsError extends DbError {
  constructor(method: string) {
    super(`${method} found more than one row.`, {
      code: 'MULTIPLE_ROWS',
      remedy: 'Narrow the condition, or use fetchAll.',
    });
  }
}

/** A parameter that is missing, unknown to the statement, or of a kind SQL cannot hold; nothing was sent. */
export class InvalidParameterError extends DbError {
  constructor(
    readonly parameter: string,
    fault: string,
  ) {
    super(`Parameter "${parameter}" ${fault}.`, {
      code: 'INVALID_PARAMETER',
      remedy: 'Pass strings, finite numbers, bigints, booleans, valid Dates, Buffers or null, one for each :name.',
    });
  }
}

/** A table or column name that cannot be one; nothing was sent. */
export class InvalidIdentifierError extends DbError {
  constructor(kind: string, name: unknown) {
    const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : `of type ${typeof name}`;
    super(`The ${kind} name ${shown} is not a plain identifier.`, {
      code: 'INVALID_IDENTIFIER',
      remedy: 'Use letters, digits and underscores, at most 64, not starting with a digit.',
    });
  }
}

/** The row's version was not the expected one: somebody else changed it first. `attempts` is how often that was tried. */
export class OccConflictError extends DbError {
  /** @param table undefined where the attempt did not say which */
  constructor(
    readonly table: string | undefined,
    attempts: number,
    details: DbErrorDetails = {},
  ) {
    const subject = table === undefined ? 'The row' : `The row of "${table}"`;
    super(`${subject} was changed by others since it was read (attempts: ${attempts}).`, {
      code: 'OCC_CONFLICT',
      remedy: 'Read the row again and decide anew, raise the attempts, or lock the row instead.',
      ...details,
    });
    this.attempts = attempts;
  }
}

/** The row to change does not exist. */
export class MissingRowError extends DbError {
  constructor(table: string) {
    super(`The row of "${table}" does not exist.`, { code: 'MISSING_ROW', remedy: 'Check the key; insert it first.' });
  }
}

/** A statement that would end the transaction, change the connection, or hide another one; nothing was sent. */
export class StatementRefusedError extends DbError {
  constructor(statement: string, why: string, remedy: string) {
    super(`${statement} is refused in a session: ${why}.`, { code: 'STATEMENT_REFUSED', remedy });
  }
}

/** The statement is larger than one packet of the server may be (`max_allowed_packet`). */
export class StatementTooLargeError extends DbError {
  constructor(details: DbErrorDetails = {}) {
    super('The statement is larger than the server takes.', {
      code: 'STATEMENT_TOO_LARGE',
      remedy: 'Send less at once, or raise max_allowed_packet.',
      ...details,
    });
  }
}

/** A callback of `sessions.connection` left a transaction or a statement on its connection; it was undone. Its stack names the borrower. */
export class DirtyConnectionError extends DbError {
  constructor() {
    super('A transaction or a statement was still open when the connection was given back; it was undone.', {
      code: 'DIRTY_CONNECTION',
      remedy: 'Commit or roll back and await every call inside the callback, or use sessions.run().',
    });
  }
}

/** A table of this library does not exist in the database. */
export class SchemaMissingError extends DbError {
  constructor(table: string, cause: unknown) {
    super(`The table ${table} does not exist in this database.`, {
      code: 'SCHEMA_MISSING',
      remedy:
        'Run safesync migrate, or add DB_MIGRATIONS and OUTBOX_MIGRATIONS to the migrations of the DataSource and run them.',
      cause,
    });
  }
}

/** Driver or server settings under which the promises of this library do not hold. */
export class UnsafeSettingsError extends DbError {
  constructor(readonly faults: readonly string[]) {
    super(`Unsafe database settings: ${faults.join('; ')}.`, {
      code: 'UNSAFE_SETTINGS',
      remedy: 'Change the named settings and start again.',
    });
  }
}

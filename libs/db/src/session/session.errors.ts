import { DbError, type DbErrorDetails } from '../db.error.js';

/** A session was used after it had ended. */
export class SessionClosedError extends DbError {
  constructor(readonly method: string) {
    super(`${method} was called on a session that has ended.`, {
      code: 'SESSION_CLOSED',
      remedy: 'Await everything inside the callback and never keep the session.',
    });
  }
}

/** The session can only roll back: `cause` says why. No statement reached the server after it. */
export class SessionAbortedError extends DbError {
  constructor(what: string, cause: unknown) {
    super(`${what} was refused: the transaction can only be rolled back (see cause).`, {
      code: 'SESSION_ABORTED',
      remedy: 'Let the first error leave the callback; retry with a new session.',
      isRetryable: cause instanceof DbError && cause.isRetryable,
      cause,
    });
  }
}

/** The transaction ended on the server without the session's doing: an implicit commit, or a rollback by the server. */
export class TransactionLostError extends DbError {
  constructor(statement: string, details: DbErrorDetails = {}) {
    super(`The transaction was gone after ${statement}: something ended it on the server.`, {
      code: 'TRANSACTION_LOST',
      remedy: 'Remove what commits implicitly; part of the work may be durable.',
      ...details,
    });
  }
}

/** A session was opened while the same flow of code still had one open. */
export class NestedSessionError extends DbError {
  constructor() {
    super('A session was opened inside another one; it would commit on its own, even if the outer one rolls back.', {
      code: 'NESTED_SESSION',
      remedy: 'Pass the session on as an argument, or ask for a separate transaction with { independent: true }.',
    });
  }
}

/** Every connection of the pool is held by a flow that waits for another one of it. */
export class PoolDeadlockError extends DbError {
  constructor(readonly poolSize: number) {
    super(`All ${poolSize} connections of the pool are held by sessions in which another one is waited for.`, {
      code: 'POOL_DEADLOCK',
      remedy:
        'Enlarge the pool above the number of such sessions at a time, or run the inner ones after the outer ones.',
      isRetryable: true,
    });
  }
}

/** The callback returned while statements of its session were still running; everything was rolled back. */
export class UnawaitedStatementsError extends DbError {
  constructor(readonly count: number) {
    super(`The callback ended while ${count} of its statements were still running; nothing was committed.`, {
      code: 'UNAWAITED_STATEMENTS',
      remedy: 'Await every call on the session.',
    });
  }
}

/** A statement was called while a savepoint was open elsewhere, or rows of a stream were still being read. */
export class ConcurrentUseError extends DbError {
  constructor(method: string, why = 'a savepoint of the same session was open elsewhere') {
    super(`${method} was called while ${why}.`, {
      code: 'CONCURRENT_USE',
      remedy: 'Await the savepoint, or read the rows to their end, first; or use another session.',
    });
  }
}

/** COMMIT was sent and its answer never came: the work is either entirely durable or entirely absent. */
export class CommitOutcomeUnknownError extends DbError {
  constructor(details: DbErrorDetails = {}) {
    super('The answer to COMMIT was lost; the transaction is either durable or gone.', {
      code: 'COMMIT_OUTCOME_UNKNOWN',
      remedy: 'Look for a row that the transaction wrote before doing it again.',
      ...details,
    });
  }
}

/** The session took longer than its `timeoutMs`; nothing was committed. */
export class SessionTimeoutError extends DbError {
  constructor(readonly timeoutMs: number) {
    super(`The session took longer than ${timeoutMs} ms and was rolled back.`, {
      code: 'SESSION_TIMEOUT',
      remedy: 'Shorten the work or raise timeoutMs.',
    });
  }
}

import type { BackoffOptions } from '@safesync/core';
import { OccConflictError, SessionTimeoutError } from '../db.errors.js';
import type { SessionOptions } from '../db.options.js';
import type { DbSession } from '../session/db-session.js';
import type { DbSessions } from '../session/db-sessions.js';

/** How often and how long `occRetry` tries, and how each session is opened. */
export interface OccRetryOptions extends Omit<SessionOptions, 'independent'> {
  /** Attempts, the first included. Default 20. */
  readonly attempts?: number;
  /** Time for all attempts and the pauses between them, in ms. Default 30 000. */
  readonly budgetMs?: number;
  /** Full-jitter pause between attempts. Default 5 ms to 500 ms. */
  readonly backoff?: BackoffOptions;
}

/** One attempt: reads the row, decides, updates. A result of 0, as `occUpdate` gives it, means "somebody else was first". */
export type OccAttempt<T> = (session: DbSession, attempt: number) => Promise<T>;

/**
 * Runs `attempt` in a new session until it succeeds. It is repeated when it returns 0 (what `occUpdate` gives) or throws
 * `OccConflictError`, and after database errors that left nothing behind (`isRetryable`); whatever else it wrote is rolled back
 * each time. Anything else it throws ends it at once.
 *
 * Rejects with `OccConflictError` (`attempts` says how many) when attempts or time are used up, `MissingRowError` when
 * `occUpdateOrThrow` found no row, `NestedSessionError` inside a session: there a new attempt would read the same old row.
 */
export async function occRetry<T>(
  sessions: DbSessions,
  attempt: OccAttempt<T>,
  options: OccRetryOptions = {},
): Promise<T> {
  const { attempts = 20, budgetMs = 30_000, backoff = { baseMs: 5, maxMs: 500 }, ...session } = options;
  const endsAt = performance.now() + budgetMs;
  let conflict: OccConflictError | undefined;
  try {
    return await sessions.withRetry(
      async (given, number) => {
        const result = await outcomeOf(attempt(given, number));
        if (!(result instanceof OccConflictError)) return result;
        conflict = new OccConflictError(result.table, number, { isRetryable: true, cause: result.cause });
        throw conflict;
      },
      { ...session, independent: false, attempts, budgetMs, backoff },
    );
  } catch (error) {
    // cut off by the end of the budget, not by its own doing
    const isOutOfTime = error instanceof SessionTimeoutError && performance.now() >= endsAt;
    throw isOutOfTime && conflict !== undefined ? conflict : error;
  }
}

/** What the attempt returned; a conflict, however it was told, as a value. */
async function outcomeOf<T>(running: Promise<T>): Promise<T | OccConflictError> {
  try {
    const result = await running;
    return result === 0 ? new OccConflictError(undefined, 1) : result;
  } catch (error) {
    if (error instanceof OccConflictError) return error;
    throw error;
  }
}

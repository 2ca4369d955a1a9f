import { SafeSyncError, type SafeSyncErrorDetails } from '@safesync/core';

export interface DbErrorDetails extends Omit<SafeSyncErrorDetails, 'code' | 'remedy'> {
  readonly code?: string;
  readonly remedy?: string;
  /** Server error number, where a server said it. */
  readonly errno?: number;
  readonly sqlState?: string;
  readonly isRetryable?: boolean;
}

/** Root of every error of this library. Never holds SQL text, bound values or credentials; neither does its `cause`. */
export abstract class DbError extends SafeSyncError {
  readonly errno: number | undefined;
  readonly sqlState: string | undefined;
  /** True when a new session running the same work may succeed and the failed one certainly left nothing behind. */
  readonly isRetryable: boolean;
  /** Attempts made when `withRetry` gave up with this error; 1 outside of it. */
  attempts = 1;

  protected constructor(what: string, details: DbErrorDetails & { code: string; remedy: string }) {
    super(what, details);
    this.errno = details.errno;
    this.sqlState = details.sqlState;
    this.isRetryable = details.isRetryable ?? false;
  }
}

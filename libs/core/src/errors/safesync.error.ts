const BRAND = Symbol.for('@safesync/error');

/** What every SafeSync error carries besides its message. */
export interface SafeSyncErrorDetails {
  /** Stable, upper-case, never reused: what programs branch on (class identity breaks when two copies are installed). */
  readonly code: string;
  /** What the reader can do about it; printed as the last sentence of the message. */
  readonly remedy: string;
  /** The error that was met, already free of bound values and credentials. */
  readonly cause?: unknown;
}

/**
 * Root of every error that SafeSync throws. The message says what happened and to what, then the remedy; it never holds a
 * bound value, a payload or a password.
 */
export abstract class SafeSyncError extends Error {
  readonly code: string;
  readonly remedy: string;

  protected constructor(what: string, details: SafeSyncErrorDetails) {
    super(`${what} ${details.remedy}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.remedy = details.remedy;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** True for an error of any installed copy of SafeSync; with `code`, only for that one. */
export function isSafeSyncError(error: unknown, code?: string): error is SafeSyncError {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as unknown as SafeSyncError).code === code;
}

import { type BackoffOptions, MAX_TIMER_MS, OptionFaults, type SignalLike } from '@safesync/core';
import type { IsolationLevel } from './dialect/sql-dialect.js';
import type { ConnectionLeak } from './session/lendings.js';

/** How one session runs. Every field has a default in `DbOptions.defaults`. */
export interface SessionOptions {
  /** Isolation level of the transaction. Default READ COMMITTED. */
  readonly isolation?: IsolationLevel;
  /** The server refuses writes. Default false. */
  readonly readOnly?: boolean;
  /**
   * Longest the whole session may take up to the start of its commit, waiting for a connection included, in ms. Then it is
   * rolled back and `run` rejects with `SessionTimeoutError`, even while the callback still runs. Default: no limit.
   */
  readonly timeoutMs?: number;
  /** Longest wait for a row lock, in ms, rounded up to whole seconds. Default 5 000. Keep it below `timeoutMs`. */
  readonly lockWaitMs?: number;
  /**
   * False keeps the session usable after a lock wait that timed out (only the statement was undone then). Default true: half
   * a transaction must never be committed by mistake.
   */
  readonly abortOnLockTimeout?: boolean;
  /** An `AbortSignal`: aborting it rolls the session back; `run` rejects with `SessionAbortedError`, its reason as cause. */
  readonly signal?: SignalLike;
  /**
   * Leaves a row in the table `safesync_commit`, one statement more, by which the library finds out on another connection
   * what became of a COMMIT whose answer was lost: `run` then resolves, or rejects with a retryable `ConnectionLostError`.
   * Not with `readOnly`. Default false.
   */
  readonly trackOutcome?: boolean;
  /** BIGINT values, COUNT among them, are read as bigint instead of text; not by `manager`. Default false. */
  readonly bigints?: boolean;
  /** Allows this session inside another one: a second connection and a transaction of its own. Default false. */
  readonly independent?: boolean;
}

/** How `withRetry` repeats a session. */
export interface RetryOptions {
  /** Sessions to try, the first included. Default 5. */
  readonly attempts?: number;
  /** Time for everything: waiting for connections and locks, the work, the pauses; in ms. Default 30 000. */
  readonly budgetMs?: number;
  /** Full-jitter pause between attempts. Default 20 ms to 1 s. */
  readonly backoff?: BackoffOptions;
}

export interface DbOptions {
  /** Longest wait for a free connection, in ms. Default 10 000. */
  readonly acquireTimeoutMs?: number;
  /**
   * Longest a statement of a session may take, in ms; 0 for no limit. Then the server ends it, where it can (MariaDB any, MySQL
   * SELECT only), as `StatementTimeoutError`; one still unanswered half a second later costs its connection, which is taken for
   * dead, and the server is told to end it as soon as there is another. COMMIT counts as one. Default 60 000. Keep it above
   * `lockWaitMs`; a session with a longer `lockWaitMs` of its own gets that and a second.
   */
  readonly statementTimeoutMs?: number;
  /** A connection that a session or borrower has for longer is told to `onLeak`, in ms; 0 for never. Default 60 000. */
  readonly leakAfterMs?: number;
  /** Told once of each such connection, and where it was asked for. Default: a process warning. */
  readonly onLeak?: (leak: ConnectionLeak) => void;
  /** Prefix of advisory lock names, which a server shares among all its databases. Default: the database's name. */
  readonly lockNamespace?: string;
  /** Defaults of every session of this DataSource. `signal` and `independent` are per call only. */
  readonly defaults?: Omit<SessionOptions, 'signal' | 'independent'>;
  /** Told about an `afterCommit` or `afterRollback` callback, or a cleanup, that failed. Default: a process warning. */
  readonly onHookError?: (error: unknown) => void;
}

/** Session options with every default filled in. */
export interface ResolvedSessionOptions {
  readonly isolation: IsolationLevel;
  readonly readOnly: boolean;
  readonly timeoutMs: number | undefined;
  readonly lockWaitMs: number;
  readonly abortOnLockTimeout: boolean;
  readonly signal: SignalLike | undefined;
  readonly trackOutcome: boolean;
  readonly bigints: boolean;
  readonly independent: boolean;
}

export interface ResolvedDbOptions {
  readonly acquireTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly leakAfterMs: number;
  readonly onLeak: (leak: ConnectionLeak) => void;
  readonly lockNamespace: string | undefined;
  readonly defaults: ResolvedSessionOptions;
  readonly onHookError: (error: unknown) => void;
}

export type ResolvedRetryOptions = Required<RetryOptions>;

const ISOLATION_LEVELS: readonly string[] = ['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];

const SESSION_DEFAULTS: ResolvedSessionOptions = {
  isolation: 'READ COMMITTED',
  readOnly: false,
  timeoutMs: undefined,
  lockWaitMs: 5_000,
  abortOnLockTimeout: true,
  signal: undefined,
  trackOutcome: false,
  bigints: false,
  independent: false,
};

export function resolveDbOptions(options: DbOptions = {}): ResolvedDbOptions {
  const acquireTimeoutMs = options.acquireTimeoutMs ?? 10_000;
  const statementTimeoutMs = options.statementTimeoutMs ?? 60_000;
  const leakAfterMs = options.leakAfterMs ?? 60_000;
  const defaults = resolveSessionOptions(options.defaults, SESSION_DEFAULTS);
  new OptionFaults('SafeSyncDbModule')
    .integer('acquireTimeoutMs', acquireTimeoutMs, 1)
    .integer('statementTimeoutMs', statementTimeoutMs, 0, MAX_TIMER_MS)
    .integer('leakAfterMs', leakAfterMs, 0, MAX_TIMER_MS)
    .require(
      statementTimeoutMs === 0 || statementTimeoutMs > defaults.lockWaitMs,
      'statementTimeoutMs must be greater than defaults.lockWaitMs',
    )
    .throwIfAny();
  return {
    acquireTimeoutMs,
    statementTimeoutMs,
    leakAfterMs,
    onLeak: harmless(options.onLeak ?? warnOfLeak),
    lockNamespace: options.lockNamespace,
    defaults,
    onHookError: harmless(options.onHookError ?? warn),
  };
}

export function resolveSessionOptions(
  options: SessionOptions | undefined,
  defaults: ResolvedSessionOptions,
): ResolvedSessionOptions {
  if (options === undefined) return defaults;
  const faults = new OptionFaults('Session options');
  requireSessionOptions(faults, options);
  faults.throwIfAny();
  return merged(options, defaults);
}

/** Field by field: this runs once for every session. */
function merged(options: SessionOptions, defaults: ResolvedSessionOptions): ResolvedSessionOptions {
  const readOnly = options.readOnly ?? defaults.readOnly;
  return {
    isolation: options.isolation ?? defaults.isolation,
    readOnly,
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    lockWaitMs: options.lockWaitMs ?? defaults.lockWaitMs,
    abortOnLockTimeout: options.abortOnLockTimeout ?? defaults.abortOnLockTimeout,
    signal: options.signal,
    trackOutcome: options.trackOutcome ?? (defaults.trackOutcome && !readOnly),
    bigints: options.bigints ?? defaults.bigints,
    independent: options.independent ?? defaults.independent,
  };
}

/**
 * Adds what cannot work in `options` to `faults`: for a caller that has them long before a session. `prefix` stands before each
 * name.
 */
export function requireSessionOptions(faults: OptionFaults, options: SessionOptions, prefix = ''): void {
  const { isolation, lockWaitMs, timeoutMs } = options;
  if (isolation !== undefined && !ISOLATION_LEVELS.includes(isolation)) {
    faults.add(`${prefix}isolation must be one of ${ISOLATION_LEVELS.join(', ')}`);
  }
  if (lockWaitMs !== undefined) faults.integer(`${prefix}lockWaitMs`, lockWaitMs, 0);
  if (timeoutMs !== undefined) faults.integer(`${prefix}timeoutMs`, timeoutMs, 1);
  requireSwitches(faults, options, prefix);
  requireSignal(faults, options.signal, prefix);
  if (options.readOnly === true && options.trackOutcome === true) {
    faults.add(`${prefix}trackOutcome needs a row to be written, which ${prefix}readOnly forbids`);
  }
}

function requireSwitches(faults: OptionFaults, options: SessionOptions, prefix: string): void {
  for (const name of ['readOnly', 'abortOnLockTimeout', 'trackOutcome', 'bigints'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean') faults.add(`${prefix}${name} must be true or false`);
  }
}

/** An AbortController in the place of its signal would only be noticed when it is too late. */
function requireSignal(faults: OptionFaults, signal: unknown, prefix: string): void {
  if (signal === undefined) return;
  const { addEventListener, removeEventListener } = (signal ?? {}) as Partial<SignalLike>;
  if (typeof addEventListener !== 'function' || typeof removeEventListener !== 'function') {
    faults.add(`${prefix}signal must be an AbortSignal`);
  }
}

export function resolveRetryOptions(options: RetryOptions = {}): ResolvedRetryOptions {
  const resolved = {
    attempts: options.attempts ?? 5,
    budgetMs: options.budgetMs ?? 30_000,
    backoff: options.backoff ?? { baseMs: 20, maxMs: 1_000 },
  };
  new OptionFaults('Retry options')
    .integer('attempts', resolved.attempts, 1)
    .integer('budgetMs', resolved.budgetMs, 1)
    .integer('backoff.baseMs', resolved.backoff.baseMs, 0)
    .integer('backoff.maxMs', resolved.backoff.maxMs, 0)
    .throwIfAny();
  return resolved;
}

/** What reports something must not become an error: the transaction it follows has ended already, or has nothing to do with it. */
function harmless<T>(report: (subject: T) => void): (subject: T) => void {
  return (subject) => {
    try {
      report(subject);
    } catch (failure) {
      warn(failure);
    }
  };
}

/** What the log says of one. */
export function describeLeak({ heldMs, threadId, stack }: ConnectionLeak): string {
  const held = `A database connection (${threadId}) has been lent for ${Math.round(heldMs / 1_000)} s`;
  return `${held}; ${stack === undefined ? 'the next one is told with the place that asked for it.' : `it was asked for here:\n${stack}`}`;
}

function warnOfLeak(leak: ConnectionLeak): void {
  process.emitWarning(describeLeak(leak), 'SafeSyncLeakWarning');
}

function warn(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`A hook or cleanup of a session failed: ${text}`, 'SafeSyncHookWarning');
}

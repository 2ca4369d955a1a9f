import type { Statement } from '../sql/statement.js';
import type { FailureKind } from './error-table.js';

export type IsolationLevel = 'READ UNCOMMITTED' | 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/** What a locking read asks for. */
export interface RowLockClause {
  readonly mode: 'update' | 'share';
  readonly wait: 'wait' | 'nowait' | 'skipLocked';
  /** With `wait`: how long at most; ignored where `hasWaitClause` is false. */
  readonly timeoutMs?: number | undefined;
}

/** Session variables that every connection of the pool carries. */
export interface ConnectionSettings {
  readonly isolation: IsolationLevel;
  readonly lockWaitMs: number;
}

/** What the driver says about a failed statement. */
export interface DriverFailure {
  readonly errno?: unknown;
  readonly code?: unknown;
  readonly fatal?: unknown;
}

/**
 * Everything in which supported servers differ. One file per server implements it; nothing else asks which server it is.
 */
export interface SqlDialect {
  readonly name: string;
  /** First supported version, as `major.minor`. */
  readonly minimumVersion: readonly [number, number];
  /** Statements that give a new connection the library's settings: UTC, isolation level, lock wait. */
  connectionSetup(settings: ConnectionSettings): readonly string[];
  /** Reads the settings under which the library's promises do not hold; one row, see `ServerFacts`. */
  readonly factsQuery: string;
  /** The statement that starts a transaction. */
  startTransaction(readOnly: boolean): string;
  /** Sets the level of the next transaction only. */
  nextIsolation(level: IsolationLevel): string;
  /** Sets how long this connection waits for row locks, rounded up to what the server can express. */
  lockWait(ms: number): string;
  /**
   * Has the server end this connection's statements, those of them that it can end, after `ms`, or sooner where that is its own
   * default; 0 goes back to that default.
   */
  statementLimit(ms: number): string;
  /** Expression for the name that the server goes by: another server has another one. */
  readonly serverName: string;
  /** Ends another connection and what it runs; needs no privilege for connections of the same account. */
  kill(threadId: number): string;
  /** True when a locking read can say how long it waits; otherwise `lockWait` has to. */
  readonly hasWaitClause: boolean;
  /** What follows a SELECT to lock its rows; starts with a space. */
  rowLockClause(clause: RowLockClause): string;
  /** Sorts a failure; `statement` is the one that failed, where there was one. */
  classify(failure: DriverFailure, statement?: Statement): FailureKind;
  /** Name of the unique key in a duplicate-key message, without its table; undefined when it holds none. */
  duplicateKey(message: string): string | undefined;
  readonly userLocks: UserLocks;
}

/** Named locks of the server (GET_LOCK): held by a connection, not by a transaction. */
export interface UserLocks {
  /** Longest name in characters. */
  readonly maxNameLength: number;
  /** One row, one column `result`. `name` is a quoted SQL literal; the wait is finite, not negative and kept to the ms. */
  acquire(name: string, timeoutMs: number): string;
  release(name: string): string;
  /** Result 1 when this connection holds the lock. */
  isHeld(name: string): string;
  /** Reads the result of `acquire`. `failed`: the server could not wait (NULL). */
  interpret(result: unknown): 'acquired' | 'busy' | 'failed';
  /** True for the error that ends a wait when `timeoutMs` is over, where that is not a result; ask `isHeld` then. */
  isTimeout(errno: number | undefined): boolean;
  /** True for the error that says that waiting would have closed a circle of named locks. */
  isDeadlock(errno: number | undefined): boolean;
}

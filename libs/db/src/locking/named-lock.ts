import { DbError, LockAcquisitionError, LockTimeoutError, StatementFailedError } from '../db.errors.js';
import type { Reply } from '../session/server-reply.js';
import type { SessionConnection } from '../session/session-connection.js';
import { toLiteral } from '../sql/sql-value.js';

/** The connection that is to hold the lock, and how to speak to it: inside a session, statements take turns. */
export interface LockCarrier {
  readonly connection: SessionConnection;
  readonly send: (text: string) => Promise<Reply>;
}

/** A lock of the server's own (GET_LOCK): it belongs to a connection, knows no transaction, and is counted per holder. */
export class NamedLock {
  private readonly literal: string;

  /**
   * @param name as the server knows it
   * @param key as the caller knows it, for errors
   * @param timeoutMs longest wait in all; 0 asks once
   */
  constructor(
    name: string,
    private readonly key: string,
    private readonly timeoutMs: number,
  ) {
    this.literal = toLiteral('key', name);
  }

  /**
   * Takes the lock; the wait counts from `startedAt` (of `performance.now`). Throws `LockTimeoutError` when somebody else has it, and
   * `LockAcquisitionError` when the server could not wait for it.
   */
  async acquire(carrier: LockCarrier, startedAt: number): Promise<void> {
    const endsAt = startedAt + this.timeoutMs;
    // a connection silent for longer would be taken for dead; asking again costs the place in the server's queue
    const silenceMs = carrier.connection.statementTimeoutMs;
    const longestMs = silenceMs > 0 ? silenceMs / 2 : Number.POSITIVE_INFINITY;
    for (;;) {
      const leftMs = Math.max(0, endsAt - performance.now());
      const outcome = await this.ask(carrier, Math.min(leftMs, longestMs));
      if (outcome === 'acquired') return;
      if (outcome === 'failed') throw this.failed(undefined);
      if (leftMs <= longestMs) throw this.timedOut();
    }
  }

  /** Gives the lock back. Throws when this connection did not have it: then it was not held all the time. */
  async release(connection: SessionConnection): Promise<void> {
    const result = resultOf(await connection.query(connection.dialect.userLocks.release(this.literal)));
    if (Number(result) === 1) return;
    throw new LockAcquisitionError(`Advisory lock ${this.shown} was not held any more when it was released.`, {
      code: 'LOCK_LOST',
      remedy: 'Let only this library release its locks; its connection is not used again.',
    });
  }

  timedOut(): LockTimeoutError {
    return new LockTimeoutError(`Advisory lock ${this.shown} was not free within ${this.timeoutMs} ms.`);
  }

  private async ask({ connection, send }: LockCarrier, timeoutMs: number): Promise<'acquired' | 'busy' | 'failed'> {
    const { userLocks } = connection.dialect;
    try {
      return userLocks.interpret(resultOf(await send(userLocks.acquire(this.literal, timeoutMs))));
    } catch (error) {
      if (!(error instanceof DbError)) throw error;
      if (userLocks.isDeadlock(error.errno)) throw this.failed(error, true);
      if (userLocks.isTimeout(error.errno)) return this.askAgain(send, userLocks.isHeld(this.literal));
      if (!(error instanceof StatementFailedError)) throw error;
      // the wait may have been killed just after it had succeeded
      connection.taint('it may hold an advisory lock');
      throw this.failed(error);
    }
  }

  /** The wait was cut off from outside of GET_LOCK, perhaps just after it had succeeded. */
  private async askAgain(send: LockCarrier['send'], text: string): Promise<'acquired' | 'busy'> {
    return Number(resultOf(await send(text))) === 1 ? 'acquired' : 'busy';
  }

  private failed(cause: DbError | undefined, isRetryable = false): LockAcquisitionError {
    return new LockAcquisitionError(`Advisory lock ${this.shown} could not be waited for.`, {
      errno: cause?.errno,
      sqlState: cause?.sqlState,
      isRetryable,
      remedy: 'Somebody killed the wait, or sessions wait for each other: take several locks in one order everywhere.',
      cause,
    });
  }

  private get shown(): string {
    return JSON.stringify(this.key.slice(0, 80));
  }
}

function resultOf(reply: Reply): unknown {
  return 'rows' in reply ? reply.rows[0]?.result : undefined;
}

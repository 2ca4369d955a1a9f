import { StatementRefusedError } from '../db.errors.js';
import { DB_LOCK_ACQUIRE_LATENCY } from '../db.metrics.js';
import type { DbSession } from '../session/db-session.js';
import type { Reply } from '../session/server-reply.js';
import type { SessionConnection } from '../session/session-connection.js';
import { requireLockTimeout } from './advisory-lock.options.js';
import { nameOf } from './advisory-locks.js';
import { NamedLock } from './named-lock.js';

/**
 * An advisory lock taken inside an open session, in the shape of the Python library. Held until the session has committed or
 * rolled back, then released before its connection goes back to the pool; several in reverse order. Each wait occupies a
 * connection and an open transaction: prefer `AdvisoryLocks.run`, which takes the lock first.
 */
export class AdvisoryLock {
  /**
   * @param timeoutSeconds longest wait; fractions count, 0 does not wait
   * @param options `rawKey` as in `AdvisoryLockOptions`
   */
  constructor(
    private readonly session: DbSession,
    private readonly key: string,
    private readonly timeoutSeconds = 10,
    private readonly options: { readonly rawKey?: boolean } = {},
  ) {
    requireLockTimeout('AdvisoryLock', 'timeoutSeconds', timeoutSeconds);
  }

  /**
   * Takes the lock. Taking it again in the same session succeeds at once. Throws `LockTimeoutError`, `LockAcquisitionError`,
   * and `StatementRefusedError` under REPEATABLE READ or SERIALIZABLE once the session has run a statement: its reads would
   * show the time before the lock.
   */
  async acquire(): Promise<void> {
    const { internals } = this.session;
    if (internals.hasSnapshot) throw staleSnapshot();
    const name = nameOf(this.key, this.options.rawKey === true, internals.lockNamespace);
    const lock = new NamedLock(name, this.key, this.timeoutSeconds * 1_000);
    const startedAt = performance.now();
    const state: HeldLock = { lock, phase: 'unknown' };
    // before the lock is asked for, so that no end of the session can come between
    internals.beforeRelease((connection) => giveBack(state, connection));
    await this.wait(state, startedAt);
    const waited = (performance.now() - startedAt) / 1_000;
    internals.metrics.observe(DB_LOCK_ACQUIRE_LATENCY, { strategy: 'advisory' }, waited);
  }

  private async wait(state: HeldLock, startedAt: number): Promise<void> {
    const { internals } = this.session;
    const { connection } = internals;
    const send = (text: string): Promise<Reply> => internals.query('AdvisoryLock.acquire', text);
    try {
      await state.lock.acquire({ connection, send }, startedAt);
      state.phase = 'held';
    } catch (error) {
      state.phase = 'free';
      throw error;
    }
  }
}

interface HeldLock {
  readonly lock: NamedLock;
  /** `unknown` while the server has not answered. */
  phase: 'unknown' | 'held' | 'free';
}

async function giveBack({ lock, phase }: HeldLock, connection: SessionConnection): Promise<void> {
  if (phase === 'held') await lock.release(connection);
  else if (phase === 'unknown') connection.taint('it may hold an advisory lock');
}

function staleSnapshot(): StatementRefusedError {
  return new StatementRefusedError(
    'Taking an advisory lock',
    'what it reads was fixed by earlier statements (REPEATABLE READ), so it would not see what the last holder did',
    'Use AdvisoryLocks.run, which locks before the transaction starts, or READ COMMITTED.',
  );
}

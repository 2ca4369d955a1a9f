import { AsyncLocalStorage } from 'node:async_hooks';
import { ConcurrentUseError, type DbError, TransactionLostError, UnawaitedStatementsError } from '../db.errors.js';
import type { SessionHooks } from './session-hooks.js';

/** The flow of code inside one savepoint. */
interface Scope {
  readonly owner: Savepoints;
  readonly outer: Scope | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/** What savepoints need of the transaction they are in. */
export interface SavepointHost {
  readonly hooks: SessionHooks;
  /** Sends a statement of the library's own, after those already waiting. */
  control(text: string): Promise<unknown>;
  /** Throws when the transaction can only be rolled back, or has ended. */
  requireUsable(method: string): void;
  /** Waits for unanswered statements; how many there were. */
  whenIdle(): Promise<number> | 0;
  abort(reason: DbError): void;
}

/** Savepoints of one transaction: nested, last in first out, never two side by side. */
export class Savepoints {
  private readonly open: Scope[] = [];
  private wasUsed = false;

  constructor(private readonly host: SavepointHost) {}

  get depth(): number {
    return this.open.length;
  }

  /**
   * Throws unless the calling flow of code is where the transaction is: in the innermost savepoint, or in none. Also stops a
   * flow that its savepoint did not wait for.
   */
  requireInside(method: string): void {
    if (!this.wasUsed) return;
    let scope = scopes.getStore();
    while (scope !== undefined && scope.owner !== this) scope = scope.outer;
    if (scope !== this.open.at(-1)) throw new ConcurrentUseError(method);
  }

  /**
   * Runs `work` so that its throwing undoes its rows and nothing else. Locks it took may stay. After an error that ended the
   * transaction on the server nothing is undone here, and the session can only roll back.
   */
  async run<T>(method: string, work: () => Promise<T>): Promise<T> {
    this.host.requireUsable(method);
    const scope: Scope = { owner: this, outer: scopes.getStore() };
    this.wasUsed = true;
    this.open.push(scope);
    const name = `safesync_${this.open.length}`;
    const mark = this.host.hooks.mark();
    try {
      await this.host.control(`SAVEPOINT ${name}`);
      return await scopes.run(scope, () => this.attempt(method, name, work));
    } catch (error) {
      this.host.hooks.undoTo(mark);
      throw error;
    } finally {
      this.open.splice(this.open.indexOf(scope));
    }
  }

  private async attempt<T>(method: string, name: string, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      const unawaited = await this.host.whenIdle();
      if (unawaited > 0) throw new UnawaitedStatementsError(unawaited);
      this.host.requireUsable(method);
      await this.host.control(`RELEASE SAVEPOINT ${name}`);
      return result;
    } catch (error) {
      await this.undo(name);
      throw error;
    }
  }

  private async undo(name: string): Promise<void> {
    await this.host.whenIdle();
    try {
      this.host.requireUsable('ROLLBACK TO SAVEPOINT');
      await this.host.control(`ROLLBACK TO SAVEPOINT ${name}`);
    } catch (cause) {
      // the error that is already on its way out says more; the session can no longer commit either way
      this.host.abort(new TransactionLostError('a failed rollback to a savepoint', { cause }));
    }
  }
}

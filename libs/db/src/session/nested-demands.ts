import { PoolDeadlockError } from '../db.errors.js';
import type { Demand, PoolShare } from './pool-share.js';
import type { SessionConnection } from './session-connection.js';
import type { SessionScope } from './session-scope.js';
import type { Waiting } from './waiting-line.js';

/**
 * Flows that wait for a connection while they hold others of the same pool. When all of the pool is held by such flows none of
 * them can go on; the one that closed the circle is refused then. Not at once: a flow may go on without waiting for what it has
 * asked for, end, and so serve the others.
 */
export class NestedDemands {
  /**
   * @param poolSize connections there can be
   * @param graceMs how long a circle may last
   */
  constructor(
    private readonly share: PoolShare,
    private readonly poolSize: () => number,
    private readonly graceMs: number,
  ) {}

  /** True when the flow in `scope` holds a connection of this pool. */
  holds(scope: SessionScope): boolean {
    return this.heldBy(scope).next().done !== true;
  }

  /** Follows a wait that has begun in `scope` until it ends. */
  watch(scope: SessionScope, waiting: Waiting<SessionConnection>): void {
    const demand: Demand = { scope };
    this.share.demands.add(demand);
    const refuse = (): void => {
      if (this.isCircle) waiting.fail(new PoolDeadlockError(this.poolSize()));
    };
    const grace = this.isCircle ? setTimeout(refuse, this.graceMs) : undefined;
    const end = (): void => {
      this.share.demands.delete(demand);
      clearTimeout(grace);
    };
    waiting.served.then(end, end);
  }

  private get isCircle(): boolean {
    const held = new Set<SessionConnection>();
    for (const { scope } of this.share.demands) for (const connection of this.heldBy(scope)) held.add(connection);
    return held.size >= this.poolSize();
  }

  private isOfPool(connection: SessionConnection): boolean {
    for (const lendings of this.share.lendings) if (lendings.has(connection)) return true;
    return false;
  }

  /** What the flow in `scope` holds: a session around another one waits for it, and so for what that one waits for. */
  private *heldBy(scope: SessionScope): Generator<SessionConnection> {
    for (let each: SessionScope | undefined = scope; each !== undefined; each = each.outer) {
      const { connection } = each;
      if (each.isOpen && connection.lost === undefined && this.isOfPool(connection)) yield connection;
    }
  }
}

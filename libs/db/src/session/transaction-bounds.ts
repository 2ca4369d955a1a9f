import { TransactionLostError } from '../db.errors.js';
import type { ResolvedSessionOptions } from '../db.options.js';
import { isInTransaction, type Reply } from './server-reply.js';
import type { SessionConnection } from './session-connection.js';

/**
 * How one session's transaction begins and ends on its connection. Where the server can, the end of a transaction of the
 * default kind begins another, which is the next session's: then no session needs a round trip to begin.
 */
export class TransactionBounds {
  private readonly isUsual: boolean;

  constructor(
    private readonly connection: SessionConnection,
    private readonly options: ResolvedSessionOptions,
    private readonly defaults: ResolvedSessionOptions,
    private readonly chains: boolean,
  ) {
    this.isUsual = options.isolation === defaults.isolation && !options.readOnly;
  }

  /** The session before has begun the transaction already. */
  get hasBegun(): boolean {
    return this.isUsual && this.connection.isBegun;
  }

  /** The end of this transaction is to begin another. */
  get isChained(): boolean {
    return this.isUsual && this.chains;
  }

  async begin(): Promise<void> {
    const { isolation, readOnly } = this.options;
    const { connection } = this;
    if (isolation !== this.defaults.isolation) {
      // the level of the next transaction cannot be set inside of one
      if (connection.isBegun) await connection.query('ROLLBACK');
      await connection.query(connection.dialect.nextIsolation(isolation));
    }
    const reply = await connection.query(connection.dialect.startTransaction(readOnly));
    if (!isInTransaction(reply)) throw new TransactionLostError('START TRANSACTION');
  }

  /** The statement that ends the transaction. */
  ending(verb: 'COMMIT' | 'ROLLBACK'): string {
    return this.isChained ? `${verb} AND CHAIN` : verb;
  }

  /** To be told of the answer to `ending`. */
  ended(verb: 'COMMIT' | 'ROLLBACK', reply: Reply): void {
    this.connection.isBegun = isInTransaction(reply);
    if (this.connection.isBegun && !this.isChained) this.connection.taint(`a transaction was open after ${verb}`);
  }
}

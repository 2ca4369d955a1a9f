import type { PoolConnection } from 'mysql2/promise';
import type { TestDatabase } from '../support/mysql.js';
import { runningStatement } from './held-session.js';

/** Of two transactions in a deadlock the server ends the one that has written less. */
const WEIGHT = 50;

/**
 * A transaction of the plain driver that has changed row 2 of `items`: whoever wants that row waits for it, and loses if it has
 * changed row 1 and this one goes for that.
 */
export class Opponent {
  private reaching: Promise<unknown> = Promise.resolve();
  private hasEnded = false;

  private constructor(
    private readonly database: TestDatabase,
    private readonly connection: PoolConnection,
  ) {}

  static async begin(database: TestDatabase): Promise<Opponent> {
    const connection = await database.pool.getConnection();
    await connection.query('START TRANSACTION');
    const weight = Array.from({ length: WEIGHT }, (_, index) => [1_000 + index, 0]);
    await connection.query('INSERT INTO items (id, n) VALUES ?', [weight]);
    await connection.query('UPDATE items SET n = n + 1 WHERE id = 2');
    return new Opponent(database, connection);
  }

  /** Goes for row 1, and resolves while it waits for whoever has changed that. */
  async reach(): Promise<void> {
    this.reaching = this.connection.query('UPDATE items SET n = n + 1 WHERE id = 1 /* reaching */');
    // seen by end()
    this.reaching.catch(() => undefined);
    await runningStatement(this.database, 'reaching');
  }

  /** Rolls back, once. Rejects when it was this one that the server had ended. */
  async end(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    try {
      await this.reaching;
      await this.connection.query('ROLLBACK');
    } finally {
      this.connection.release();
    }
  }
}

/** Makes `items` for the opponent. */
export async function createItems(database: TestDatabase): Promise<void> {
  await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0)');
}

/** Rows 1 and 2, unchanged. */
export async function resetItems(database: TestDatabase): Promise<void> {
  await database.pool.query('DELETE FROM items');
  await database.pool.query('INSERT INTO items VALUES (1, 0), (2, 0)');
}

/** What is durable, as an outsider sees it: `{ 1: 0, 2: 0 }`. */
export async function durableItems(database: TestDatabase): Promise<Record<number, number>> {
  const rows = await database.rows<{ id: number; n: number }>('SELECT id, n FROM items');
  return Object.fromEntries(rows.map(({ id, n }) => [id, n]));
}

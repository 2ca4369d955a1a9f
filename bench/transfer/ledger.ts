import type { Pool, RowDataPacket } from 'mysql2/promise';
import { ACCOUNTS, OPENING_BALANCE } from './transfer.js';

const ACCOUNTS_TABLE = `CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL) ENGINE=InnoDB`;
const TRANSFERS_TABLE = `CREATE TABLE transfers (id BIGINT PRIMARY KEY, from_id BIGINT NOT NULL, to_id BIGINT NOT NULL,
  amount BIGINT NOT NULL) ENGINE=InnoDB`;
/** Accounts whose balance is not what the recorded transfers make it. */
const WRONG_BALANCES = `SELECT COUNT(*) AS n FROM accounts a
  LEFT JOIN (SELECT to_id AS id, SUM(amount) AS total FROM transfers GROUP BY to_id) i ON i.id = a.id
  LEFT JOIN (SELECT from_id AS id, SUM(amount) AS total FROM transfers GROUP BY from_id) o ON o.id = a.id
  WHERE a.balance <> ${OPENING_BALANCE} + COALESCE(i.total, 0) - COALESCE(o.total, 0)`;

/** The two tables of the transfer work: new before a run, checked after it. */
export class Ledger {
  constructor(private readonly pool: Pool) {}

  async reset(): Promise<void> {
    await this.pool.query('DROP TABLE IF EXISTS accounts, transfers');
    await this.pool.query(ACCOUNTS_TABLE);
    await this.pool.query(TRANSFERS_TABLE);
    const rows = Array.from({ length: ACCOUNTS }, (_, i) => [i + 1, OPENING_BALANCE]);
    await this.pool.query('INSERT INTO accounts (id, balance) VALUES ?', [rows]);
  }

  /** What is wrong after `published` transfers; empty when each had its effect exactly once. */
  async faults(published: number): Promise<string[]> {
    const sum = await this.number('SELECT SUM(balance) AS n FROM accounts');
    const transfers = await this.number('SELECT COUNT(*) AS n FROM transfers');
    const wrong = await this.number(WRONG_BALANCES);
    const checks: [string, number, number][] = [
      ['sum of balances', sum, ACCOUNTS * OPENING_BALANCE],
      ['transfers recorded', transfers, published],
      ['accounts that differ from their transfers', wrong, 0],
    ];
    return checks.filter(([, is, due]) => is !== due).map(([what, is, due]) => `${what}: ${is} instead of ${due}`);
  }

  private async number(sql: string): Promise<number> {
    const [rows] = await this.pool.query<RowDataPacket[]>(sql);
    return Number(rows[0]?.n);
  }
}

import type { Pool, RowDataPacket } from 'mysql2/promise';
import { cents } from '../plan/money.js';

export interface BookedTransfer {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  readonly status: 'completed' | 'rejected';
}

export interface AccountRow {
  readonly id: string;
  readonly opening: bigint;
  readonly balance: bigint;
  /** How often its balance was moved. */
  readonly bookings: bigint;
  /** What the review has added up for it. */
  readonly volume: bigint;
}

/** What the tables hold, read past the library by plain SQL. */
export interface LedgerState {
  readonly transfers: readonly BookedTransfer[];
  readonly accounts: readonly AccountRow[];
  /** In the order of their numbers. */
  readonly cases: readonly { readonly number: number; readonly account: string }[];
}

export async function readLedgerState(pool: Pool): Promise<LedgerState> {
  const [transfers] = await pool.query<(BookedTransfer & RowDataPacket)[]>(
    'SELECT id, from_account AS `from`, to_account AS `to`, amount, status FROM transfer',
  );
  const [accounts] = await pool.query<RowDataPacket[]>(
    `SELECT id, opening, balance, bookings, volume FROM account JOIN account_activity ON account_id = id ORDER BY id`,
  );
  const [cases] = await pool.query<({ number: number; account: string } & RowDataPacket)[]>(
    'SELECT number, account_id AS account FROM review_case ORDER BY number',
  );
  return { transfers, accounts: accounts.map(toAccount), cases };
}

function toAccount(row: RowDataPacket): AccountRow {
  return {
    id: String(row.id),
    opening: cents(String(row.opening)),
    balance: cents(String(row.balance)),
    bookings: BigInt(String(row.bookings)),
    volume: cents(String(row.volume)),
  };
}

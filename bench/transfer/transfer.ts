/** The message of the transfer work. `from` < `to` always: every contender locks rows in one order, so none deadlocks. */
export interface Transfer {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

export const ACCOUNTS = 1_000;
export const OPENING_BALANCE = 1_000_000;

export const WITHDRAW = 'UPDATE accounts SET balance = balance - ? WHERE id = ?';
export const DEPOSIT = 'UPDATE accounts SET balance = balance + ? WHERE id = ?';
export const RECORD = 'INSERT INTO transfers (id, from_id, to_id, amount) VALUES (?, ?, ?, ?)';

/** The same transfer for the same id in every run of every contender. */
export function transfer(id: number): Transfer {
  const a = scatter(id) % ACCOUNTS;
  const b = (a + 1 + (scatter(id + 0x9e37) % (ACCOUNTS - 1))) % ACCOUNTS;
  return { id, from: Math.min(a, b) + 1, to: Math.max(a, b) + 1, amount: 1 + (id % 97) };
}

/** A fixed integer hash: spreads neighbours over the accounts. */
function scatter(n: number): number {
  let x = Math.imul(n ^ (n >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  return (x ^ (x >>> 16)) >>> 0;
}

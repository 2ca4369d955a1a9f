import type { Transfer } from './transfer.js';

/** Messages of one transaction, the same for every contender. */
export const BATCH_SIZE = 50;

/** Statements for many transfers at once; each takes one parameter, a list as JSON, written as `placeholder` asks for it. */
export function recordAll(placeholder: string): string {
  return `INSERT INTO transfers (id, from_id, to_id, amount) SELECT id, from_id, to_id, amount FROM JSON_TABLE(${placeholder},
    '$[*]' COLUMNS (id BIGINT PATH '$.id', from_id BIGINT PATH '$.from', to_id BIGINT PATH '$.to', amount BIGINT PATH '$.amount')) t`;
}

/** Locks accounts in the order of the list: in the join's order, which the optimizer must not turn. */
export function changeBalances(placeholder: string): string {
  return `UPDATE JSON_TABLE(${placeholder}, '$[*]' COLUMNS (id BIGINT PATH '$[0]', amount BIGINT PATH '$[1]')) d
    STRAIGHT_JOIN accounts a ON a.id = d.id SET a.balance = a.balance + d.amount`;
}

/** What the transfers change about each account, as `[account, amount]` in the order of accounts: every batch locks in one order. */
export function balanceChanges(transfers: readonly Transfer[]): [account: number, amount: number][] {
  const changes = new Map<number, number>();
  for (const { from, to, amount } of transfers) {
    changes.set(from, (changes.get(from) ?? 0) - amount);
    changes.set(to, (changes.get(to) ?? 0) + amount);
  }
  return [...changes].toSorted(([a], [b]) => a - b);
}

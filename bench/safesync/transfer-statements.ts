import type { DbSession } from '@safesync/db';
import type { Transfer } from '../transfer/transfer.js';

const WITHDRAW = 'UPDATE accounts SET balance = balance - :amount WHERE id = :from';
const DEPOSIT = 'UPDATE accounts SET balance = balance + :amount WHERE id = :to';
const RECORD = 'INSERT INTO transfers (id, from_id, to_id, amount) VALUES (:id, :from, :to, :amount)';

/** The work of a message, three statements. */
export async function transfer({ id, from, to, amount }: Transfer, session: DbSession): Promise<void> {
  await session.execute(WITHDRAW, { amount, from });
  await session.execute(DEPOSIT, { amount, to });
  await session.execute(RECORD, { id, from, to, amount });
}

import type { DbSession } from '@safesync/db';
import type { Transfer } from '../transfer/transfer.js';

const RECORD = 'INSERT INTO transfers (id, from_id, to_id, amount) VALUES (:id, :from, :to, :amount)';

/** The one statement of the application's own. */
export function record(session: DbSession, { id, from, to, amount }: Transfer): Promise<number> {
  return session.execute(RECORD, { id, from, to, amount });
}

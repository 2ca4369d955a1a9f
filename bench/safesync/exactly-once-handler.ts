import { OUTBOX_MIGRATIONS } from '@safesync/outbox';
import { createConnection } from 'mysql2/promise';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startTransfers } from './transfer-application.js';

/** Ours with the inbox. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  const connection = await createConnection(setup.mysqlUrl);
  const query = async (text: string): Promise<void> => void (await connection.query(text));
  for (const Migration of OUTBOX_MIGRATIONS) await new Migration().up({ query });
  await connection.query('DELETE FROM safesync_inbox');
  await connection.end();
  await startTransfers(setup, probe, { exactlyOnce: true });
}

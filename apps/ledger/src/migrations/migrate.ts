import { OUTBOX_MIGRATIONS } from '@safesync/outbox';
import { DataSource } from 'typeorm';
import { ConfigurationError } from '../config/configuration.error.js';
import { CreateLedger1763700000000 } from './1763700000000-create-ledger.js';

/** Brings the database of `url` to the newest version; answers the names of the migrations that it ran. */
export async function migrate(url: string): Promise<string[]> {
  const migrations = [CreateLedger1763700000000, ...OUTBOX_MIGRATIONS];
  const dataSource = new DataSource({ type: 'mysql', url, timezone: 'Z', migrations });
  await dataSource.initialize().catch((error: NodeJS.ErrnoException) => {
    const fault = `MYSQL_URL leads to no database (${error.code ?? error.name}). Start the server, or correct the URL`;
    throw new ConfigurationError([fault]);
  });
  try {
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await dataSource.destroy();
  }
}

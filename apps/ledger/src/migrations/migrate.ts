import { DataSource } from 'typeorm';
import { CreateLedger1763700000000 } from './1763700000000-create-ledger.js';

/** Brings the database of `url` to the newest version; answers the names of the migrations that it ran. */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = new DataSource({ type: 'mysql', url, timezone: 'Z', migrations: [CreateLedger1763700000000] });
  await dataSource.initialize();
  try {
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await dataSource.destroy();
  }
}

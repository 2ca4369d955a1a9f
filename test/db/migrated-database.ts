import { DB_MIGRATIONS } from '@safesync/db';
import { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';

/** A test's database with the tables of the library. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  const migrations = [...DB_MIGRATIONS];
  const dataSource = await new DataSource({ type: 'mysql', url: database.url, migrations }).initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
  return database;
}

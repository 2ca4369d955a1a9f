import type { DataSource, QueryRunner } from 'typeorm';
import { DbError, LockTimeoutError, StatementFailedError } from '../db.errors.js';
import { detectDialect } from '../dialect/detect-dialect.js';
import { isMissingTable } from '../dialect/error-table.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { lockName } from '../locking/lock-name.js';
import { translate, translateConnectError } from '../session/driver-error.js';
import { createDataSource, type DbConnectionOptions } from '../session/own-data-source.js';
import { quoteIdentifier } from '../sql/identifier.js';
import { toLiteral } from '../sql/sql-value.js';
import { SchemaMismatchError } from './migrations.errors.js';
import type { SchemaMigration, TableShape } from './schema-migration.js';
import { recordsShape, recordsText, recordText, textsOf } from './schema-text.js';

export interface SchemaServer {
  readonly dialect: string;
  readonly version: string;
  readonly database: string;
}

export interface MigrationState {
  readonly migration: SchemaMigration;
  readonly isApplied: boolean;
}

const RECORDS_REMEDY =
  'Have migrations recorded in another table: migrationsTableName of the DataSource, --table of safesync.';

type Rows = readonly Readonly<Record<string, unknown>>[];

/**
 * Runs migrations of the libraries, on one connection of its own, and says which have been run. Records are TypeORM's own, in its
 * own table: a DataSource that lists the same migrations and this class see what the other has done.
 */
export class SchemaMigrations {
  private constructor(
    private readonly dataSource: DataSource,
    private readonly runner: QueryRunner,
    private readonly dialect: SqlDialect,
    readonly server: SchemaServer,
    private readonly plan: { readonly migrations: readonly SchemaMigration[]; readonly recordsTable: string },
  ) {}

  /**
   * Connects; changes nothing.
   *
   * @param migrations in the order in which they are run
   * @param recordsTable `migrationsTableName` of TypeORM
   */
  static async open(
    connection: DbConnectionOptions,
    migrations: readonly SchemaMigration[],
    recordsTable = 'migrations',
  ): Promise<SchemaMigrations> {
    quoteIdentifier(recordsTable, 'table');
    const dataSource = createDataSource({ ...connection, poolSize: 1 });
    try {
      await dataSource.initialize();
      const runner = dataSource.createQueryRunner();
      // a record stays, however the server begins its sessions
      await runner.query('SET SESSION autocommit = 1');
      const [facts] = rowsOf(await runner.query('SELECT VERSION() AS version, DATABASE() AS name'));
      const version = String(facts?.version);
      const dialect = detectDialect(version);
      const server = { dialect: dialect.name, version, database: String(facts?.name) };
      return new SchemaMigrations(dataSource, runner, dialect, server, { migrations, recordsTable });
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      throw translateConnectError(error);
    }
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }

  /** Reads only. Throws `SchemaMismatchError` where the table of records is another one of that name. */
  async states(): Promise<readonly MigrationState[]> {
    const applied = await this.recordedNames();
    return this.plan.migrations.map((migration) => ({ migration, isApplied: applied.has(migration.name) }));
  }

  /** What is missing of the tables of applied migrations, each fault in words. */
  async faults(states: readonly MigrationState[]): Promise<readonly string[]> {
    const faults: string[] = [];
    for (const { migration, isApplied } of states) {
      if (isApplied) faults.push(...(await this.faultsOf(migration.table)));
    }
    return faults;
  }

  /**
   * Runs what is pending, one at a time over all processes that do so: who comes second waits, and finds it done. A migration is
   * recorded after its table was seen to be what it should be; what a killed process left unrecorded is taken over. Throws
   * `LockTimeoutError` after `waitSeconds`, `SchemaMismatchError` where a table is another one.
   *
   * @param onApplied called after each
   */
  async run(waitSeconds: number, onApplied: (name: string) => void): Promise<void> {
    // on the connection that migrates: if it breaks, the lock is free and this process changes nothing more
    const lock = toLiteral('name', lockName(this.server.database, 'safesync:schema'));
    await this.lock(lock, waitSeconds);
    try {
      await this.send(recordsText(this.plan.recordsTable));
      const states = await this.states();
      for (const { migration } of states.filter(({ isApplied }) => !isApplied)) {
        for (const text of await textsOf(migration)) await this.send(text);
        requireNone(await this.faultsOf(migration.table));
        await this.send(recordText(migration, this.plan.recordsTable));
        onApplied(migration.name);
      }
      requireNone(await this.faults(states));
    } finally {
      // where this fails the connection is broken, and the lock free with it
      await this.send(this.dialect.userLocks.release(lock)).catch(() => undefined);
    }
  }

  private async lock(name: string, waitSeconds: number): Promise<void> {
    const [row] = await this.send(`SELECT GET_LOCK(${name}, ${waitSeconds}) AS result`);
    const outcome = this.dialect.userLocks.interpret(row?.result);
    if (outcome === 'busy') {
      throw new LockTimeoutError(`Another process is still migrating ${this.server.database} after ${waitSeconds} s.`, {
        remedy: 'Wait for it to end and try again, or wait longer.',
      });
    }
    if (outcome === 'failed') throw new StatementFailedError('The server could not wait for its lock.');
  }

  private async recordedNames(): Promise<ReadonlySet<string>> {
    const { recordsTable } = this.plan;
    const rows = await this.recordRows(recordsTable);
    if (rows === undefined) return new Set();
    const faults = await this.faultsOf(recordsShape(recordsTable));
    if (faults.length > 0) throw new SchemaMismatchError(faults, RECORDS_REMEDY);
    return new Set(rows.map(({ name }) => String(name)));
  }

  /** Undefined where there is no such table. */
  private async recordRows(recordsTable: string): Promise<Rows | undefined> {
    try {
      // every column: another table of that name may have no such one
      return await this.send(`SELECT * FROM ${quoteIdentifier(recordsTable, 'table')}`);
    } catch (error) {
      if (error instanceof DbError && isMissingTable(error.errno)) return undefined;
      throw error;
    }
  }

  private async faultsOf({ name, columns }: TableShape): Promise<readonly string[]> {
    const found = await this.send(
      'SELECT column_name AS name, data_type AS type FROM information_schema.columns ' +
        `WHERE table_schema = DATABASE() AND table_name = ${toLiteral('table', name)}`,
    );
    if (found.length === 0) return [`the table ${name} is missing, or hidden from this account`];
    const types = new Map(found.map((row) => [String(row.name), String(row.type)]));
    return Object.entries(columns)
      .filter(([column, type]) => types.get(column) !== type)
      .map(([column, type]) => `${name}.${column} is ${types.get(column) ?? 'missing'}, not ${type}`);
  }

  private async send(text: string): Promise<Rows> {
    try {
      return rowsOf(await this.runner.query(text));
    } catch (error) {
      throw translate(error, this.dialect);
    }
  }
}

/** Of a statement without rows there are none. */
function rowsOf(result: unknown): Rows {
  return Array.isArray(result) ? result : [];
}

function requireNone(faults: readonly string[]): void {
  if (faults.length > 0) throw new SchemaMismatchError(faults);
}

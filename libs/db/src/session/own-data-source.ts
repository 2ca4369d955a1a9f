import { availableParallelism } from 'node:os';
import { OptionFaults } from '@safesync/core';
import { DataSource, type EntitySchema, type MixedList } from 'typeorm';

/** A connection of the module's own, for applications without a TypeORM DataSource. */
export interface DbConnectionOptions {
  /** `mysql://user:password@host:port/database`; instead of the single fields. */
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** Connections at most. Default 2 for each core. */
  readonly poolSize?: number;
  /** TypeORM's dialect; MariaDB's adds RETURNING to what repositories do. Default `mysql`, which works on both. */
  readonly type?: 'mysql' | 'mariadb';
  /** Entities for `session.manager`. */
  readonly entities?: MixedList<string | (new () => object) | EntitySchema>;
  /** Further options for mysql2: `ssl`, `connectTimeout`, `flags` and others. */
  readonly driver?: Readonly<Record<string, unknown>>;
}

/** A DataSource with every driver setting that `DbSessions.open` asks for; not yet initialized. */
export function createDataSource(options: DbConnectionOptions): DataSource {
  const { url, host, port, user, password, database, entities, type = 'mysql' } = options;
  const poolSize = options.poolSize ?? 2 * availableParallelism();
  new OptionFaults('SafeSyncDbModule connection')
    .require(url !== undefined || host !== undefined, 'url or host must be given')
    .integer('poolSize', poolSize, 1, 10_000)
    .throwIfAny();
  const where = url === undefined ? { host, port, username: user, password, database } : { url };
  return new DataSource({
    ...where,
    type,
    poolSize,
    ...(entities === undefined ? {} : { entities }),
    timezone: 'Z',
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    extra: options.driver,
  });
}

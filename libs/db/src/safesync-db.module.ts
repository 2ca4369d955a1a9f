import {
  ConfigurableModuleBuilder,
  Inject,
  type InjectionToken,
  Logger,
  Module,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { METRICS_RECORDER, type MetricsRecorder } from '@safesync/core';
import { describeLeak } from './db.options.js';
import { DB_CONNECTION, getDbToken } from './db.tokens.js';
import { AdvisoryLocks } from './locking/advisory-locks.js';
import { LeaseLocks } from './locking/lease-locks.js';
import { RowLocks } from './locking/row-locks.js';
import { requireOneSource, type SafeSyncDbModuleExtras, type SafeSyncDbModuleOptions } from './safesync-db.options.js';
import { findDataSource } from './session/data-source-lookup.js';
import { DatabaseConnection } from './session/database-connection.js';
import { DbSessions } from './session/db-sessions.js';
import type { ConnectionLeak } from './session/lendings.js';
import { untilReachable } from './session/until-reachable.js';
import { Tables } from './tables/tables.js';
import { IdempotentInserts } from './writes/idempotent-inserts.js';
import { OptimisticUpdates } from './writes/optimistic-updates.js';

const logger = new Logger('SafeSyncDbModule');
const say = (line: string): void => logger.warn(line);

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<SafeSyncDbModuleOptions>({
  moduleName: 'SafeSyncDb',
})
  .setClassMethodName('forRoot')
  .setExtras<SafeSyncDbModuleExtras>({ isGlobal: true }, (definition, { name, isGlobal }) => ({
    ...definition,
    global: isGlobal ?? true,
    providers: [...(definition.providers ?? []), connectionProvider, ...serviceProviders(name)],
    exports: serviceTokens(name),
  }))
  .build();

const connectionProvider: Provider = {
  provide: DB_CONNECTION,
  inject: [MODULE_OPTIONS_TOKEN, ModuleRef],
  useFactory: async (options: SafeSyncDbModuleOptions, moduleRef: ModuleRef): Promise<DatabaseConnection> => {
    requireOneSource(options);
    const { dataSource, connection } = options;
    if (connection !== undefined) return DatabaseConnection.open(connection, say);
    if (typeof dataSource === 'object') return DatabaseConnection.borrowed(dataSource);
    return DatabaseConnection.borrowed(await findDataSource(moduleRef, dataSource));
  },
};

function serviceProviders(name: string | undefined): Provider[] {
  const sessions = getDbToken(DbSessions, name);
  return [
    {
      provide: sessions,
      inject: [DB_CONNECTION, MODULE_OPTIONS_TOKEN, { token: METRICS_RECORDER, optional: true }],
      useFactory: openSessions,
    },
    { provide: getDbToken(RowLocks, name), useFactory: () => new RowLocks() },
    {
      provide: getDbToken(AdvisoryLocks, name),
      inject: [sessions],
      useFactory: (given: DbSessions) => new AdvisoryLocks(given),
    },
    {
      provide: getDbToken(LeaseLocks, name),
      inject: [sessions],
      useFactory: (given: DbSessions) => new LeaseLocks(given),
    },
    {
      provide: getDbToken(OptimisticUpdates, name),
      inject: [sessions],
      useFactory: (given: DbSessions) => new OptimisticUpdates(given),
    },
    { provide: getDbToken(IdempotentInserts, name), useFactory: () => new IdempotentInserts() },
    { provide: getDbToken(Tables, name), inject: [sessions], useFactory: (given: DbSessions) => new Tables(given) },
  ];
}

function serviceTokens(name: string | undefined): InjectionToken[] {
  const services = [DbSessions, RowLocks, AdvisoryLocks, LeaseLocks, OptimisticUpdates, IdempotentInserts, Tables];
  return services.map((service) => getDbToken<unknown>(service, name));
}

async function openSessions(
  connection: DatabaseConnection,
  options: SafeSyncDbModuleOptions,
  metrics?: MetricsRecorder,
): Promise<DbSessions> {
  try {
    const open = (): Promise<DbSessions> => DbSessions.open(connection.dataSource, withLog(options), metrics);
    return await untilReachable('the database', open, say);
  } catch (error) {
    // the application will not start, so no shutdown hook will close it
    await connection.close();
    throw error;
  }
}

function withLog(options: SafeSyncDbModuleOptions): SafeSyncDbModuleOptions {
  const onHookError = (error: unknown): void => logger.error(error);
  const onLeak = (leak: ConnectionLeak): void => say(describeLeak(leak));
  return { onHookError, onLeak, ...options };
}

/**
 * Sessions, locks and safe writes on a MySQL or MariaDB database, for injection: `DbSessions` and the services beside it. On a
 * DataSource of `TypeOrmModule` or on a connection of its own; several at once by `name`. Boot waits for a server that is away
 * and fails on settings under which the promises would not hold.
 */
@Module({})
export class SafeSyncDbModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(@Inject(DB_CONNECTION) private readonly connection: DatabaseConnection) {
    super();
  }

  /** After `beforeApplicationShutdown`, in which consumers drain, so that what they still do has a database. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}

import { OptionFaults } from '@safesync/core';
import type { DataSource } from 'typeorm';
import type { DbOptions } from './db.options.js';
import type { DbConnectionOptions } from './session/own-data-source.js';

/** Options of `SafeSyncDbModule`: where its database comes from, and how sessions run on it. */
export interface SafeSyncDbModuleOptions extends DbOptions {
  /** A DataSource, or the name under which `TypeOrmModule` registered one. Default: the one registered without a name. */
  readonly dataSource?: string | DataSource;
  /** Makes a DataSource of the module's own and closes it at shutdown; instead of `dataSource`. */
  readonly connection?: DbConnectionOptions;
}

export interface SafeSyncDbModuleExtras {
  /** Tells several databases of one application apart: `@InjectDb(DbSessions, name)`. Default: injected by class. */
  name?: string;
  /** Default true. */
  isGlobal?: boolean;
}

/** Throws `InvalidOptionsError` where both or none of the two sources make sense. */
export function requireOneSource(options: SafeSyncDbModuleOptions): void {
  new OptionFaults('SafeSyncDbModule')
    .require(
      options.dataSource === undefined || options.connection === undefined,
      'give either dataSource or connection, not both',
    )
    .throwIfAny();
}

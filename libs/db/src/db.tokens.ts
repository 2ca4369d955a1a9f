import { Inject, type InjectionToken } from '@nestjs/common';

export const DEFAULT_DB = 'default';

/** The module's `DatabaseConnection`. */
export const DB_CONNECTION = Symbol.for('@safesync/db/connection');

/** A class of which each `SafeSyncDbModule` has one instance, whatever its constructor. */
export interface DbService<T> {
  readonly name: string;
  readonly prototype: T;
}

/**
 * Injection token of a database service: the class itself for the unnamed module, a token of its own for a named one.
 *
 * @param name the `name` given to `SafeSyncDbModule.forRoot`
 */
export function getDbToken<T>(service: DbService<T>, name: string = DEFAULT_DB): InjectionToken<T> {
  return name === DEFAULT_DB ? (service as InjectionToken<T>) : Symbol.for(`@safesync/db/${name}/${service.name}`);
}

/** Injects the service of a named database: `@InjectDb(DbSessions, 'ledger') sessions: DbSessions`. */
export function InjectDb<T>(service: DbService<T>, name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getDbToken(service, name));
}

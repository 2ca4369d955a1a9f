import { withDeadline } from '@safesync/core';
import type { DataSource } from 'typeorm';
import { isConnectionError, translateConnectError } from './driver-error.js';
import { createDataSource, type DbConnectionOptions } from './own-data-source.js';
import { type Say, untilReachable } from './until-reachable.js';

const CLOSE_TIMEOUT_MS = 10_000;

/** The DataSource that a module works on, and whether closing it is the module's business. */
export class DatabaseConnection {
  private constructor(
    readonly dataSource: DataSource,
    private readonly isOwned: boolean,
  ) {}

  /** One that somebody else opened and will close. */
  static borrowed(dataSource: DataSource): DatabaseConnection {
    return new DatabaseConnection(dataSource, false);
  }

  /** Opens one, waiting for a server that is away. */
  static async open(options: DbConnectionOptions, say: Say): Promise<DatabaseConnection> {
    const dataSource = createDataSource(options);
    const attempt = async (): Promise<DatabaseConnection> => {
      try {
        await dataSource.initialize();
      } catch (error) {
        throw translateConnectError(error);
      }
      return new DatabaseConnection(dataSource, true);
    };
    return untilReachable(`the database at ${addressOf(options)}`, attempt, say);
  }

  /** Closes what `open` opened; gives up on connections that do not answer. */
  async close(): Promise<void> {
    if (!this.isOwned || !this.dataSource.isInitialized) return;
    const expired = (): Error => new Error(`The pool did not close within ${CLOSE_TIMEOUT_MS} ms.`);
    try {
      await withDeadline(this.dataSource.destroy(), CLOSE_TIMEOUT_MS, expired);
    } catch (error) {
      // a connection that breaks while it is closed is closed
      if (!isConnectionError(error)) throw error;
    }
  }
}

/** Host, port and database only: never the account. */
function addressOf({ url, host, port, database }: DbConnectionOptions): string {
  if (url === undefined) return `${host}:${port ?? 3306}/${database ?? ''}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed === undefined ? '(an address that is not a URL)' : `${parsed.host}${parsed.pathname}`;
}

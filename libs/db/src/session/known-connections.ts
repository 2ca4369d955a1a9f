import type { PoolConnection } from 'mysql2';
import { ConnectionLostError } from '../db.errors.js';
import type { ResolvedDbOptions } from '../db.options.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { requireSafeServer, type ServerFacts } from './server-facts.js';
import { SessionConnection } from './session-connection.js';

/** Every physical connection that the library has met: the settings it was given, and whether they were seen to be in place. */
export class KnownConnections {
  private readonly byRaw = new WeakMap<PoolConnection, SessionConnection>();
  /** Settings on their way to the server, and what it said; none once seen to be in place. */
  private readonly preparing = new WeakMap<SessionConnection, Promise<ServerFacts>>();

  /** The default database of all of them; a reset brings none back. */
  private home: string | null | undefined;

  constructor(
    private readonly dialect: SqlDialect,
    private readonly options: ResolvedDbOptions,
    /** Told of a connection that was destroyed while the server still ran a statement of it. */
    private readonly onAbandoned: (connection: SessionConnection) => void,
  ) {}

  /** Sends the settings to a connection that was just opened, before anybody can use it. */
  meet(raw: PoolConnection): void {
    this.connectionOf(raw);
  }

  connectionOf(raw: PoolConnection): SessionConnection {
    const known = this.byRaw.get(raw);
    if (known !== undefined) return known;
    const connection = new SessionConnection(raw, this.dialect, this.options.statementTimeoutMs);
    this.byRaw.set(raw, connection);
    this.preparing.set(connection, this.prepare(connection));
    return connection;
  }

  /** What the server said to the first connection when it was given the settings. */
  async factsOfFirst(raw: PoolConnection): Promise<ServerFacts> {
    const facts = (await this.preparing.get(this.connectionOf(raw))) as ServerFacts;
    this.home = facts.databaseName;
    return facts;
  }

  /** Throws `UnsafeSettingsError` for a connection on which the promises would not hold; looks once. */
  async prepared(connection: SessionConnection): Promise<void> {
    const facts = this.preparing.get(connection);
    if (facts === undefined) return;
    requireSafeServer(await facts, this.dialect);
    this.preparing.delete(connection);
  }

  /** For a connection that was reset: gives it the settings again. Throws where another default database was left on it. */
  async prepareAgain(connection: SessionConnection): Promise<void> {
    const facts = await this.prepare(connection);
    requireSafeServer(facts, this.dialect);
    if (facts.databaseName !== this.home) throw new ConnectionLostError('The connection is on another database.');
    this.preparing.delete(connection);
  }

  /** Sends all at once, so that the settings are in place before whoever gets the connection sends anything. */
  private prepare(connection: SessionConnection): Promise<ServerFacts> {
    const setup = this.dialect.connectionSetup(this.options.defaults).map((text) => connection.query(text));
    const facts = connection.query(this.dialect.factsQuery);
    const ready = Promise.all([facts, ...setup]).then(([reply]) => {
      const row = ('rows' in reply ? reply.rows[0] : undefined) as unknown as ServerFacts;
      // behind a proxy the number belongs to somebody else
      if (Number(row.connectionId) === connection.threadId) {
        connection.settle({ server: row.server, openedAt: performance.now() });
        connection.onAbandoned(() => this.onAbandoned(connection));
      }
      return row;
    });
    // a connection may be opened for a stranger; what went wrong with it is thrown when a session gets it
    ready.catch(() => undefined);
    return ready;
  }
}

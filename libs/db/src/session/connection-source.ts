import { OptionFaults, withDeadline } from '@safesync/core';
import type { PoolConnection } from 'mysql2';
import type { DataSource, QueryRunner } from 'typeorm';
import { AcquireTimeoutError, SessionAbortedError } from '../db.errors.js';
import type { ResolvedDbOptions } from '../db.options.js';
import { detectDialect } from '../dialect/detect-dialect.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { translateConnectError } from './driver-error.js';
import { claimDefaults } from './pool-defaults.js';
import { type DriverFacts, requireSafeServer, requireSafeSettings, type ServerFacts } from './server-facts.js';
import { SessionConnection } from './session-connection.js';

const KILL_TIMEOUT_MS = 1_000;

/** A connection on loan, and TypeORM's runner that took it from the pool. */
export interface Loan {
  readonly connection: SessionConnection;
  readonly runner: QueryRunner;
}

/** A physical connection that this library has met. */
interface Known {
  readonly connection: SessionConnection;
  /** Settings on their way to the server, and what it said; undefined once seen to be in place. */
  ready: Promise<ServerFacts> | undefined;
}

/** The parts of mysql2 that its types leave out. */
interface DriverPool {
  readonly config?: { readonly resetOnRelease?: boolean };
  on?(event: 'connection', listener: (connection: PoolConnection) => void): void;
}
interface DriverConnection {
  readonly config: DriverFacts;
}

/**
 * The DataSource's pool as sessions see it: every connection carries UTC, the default isolation level and lock wait, and was
 * seen to have safe server settings, once for each physical connection.
 */
export class ConnectionSource {
  private readonly known = new WeakMap<PoolConnection, Known>();

  private constructor(
    private readonly dataSource: DataSource,
    private readonly options: ResolvedDbOptions,
    readonly dialect: SqlDialect,
    private readonly resetsOnRelease: boolean,
  ) {}

  /** Detects the server, checks driver and server settings, and from then on prepares every connection the pool opens. */
  static async open(
    dataSource: DataSource,
    options: ResolvedDbOptions,
  ): Promise<{ source: ConnectionSource; facts: ServerFacts }> {
    requireUsable(dataSource);
    const { pool } = dataSource.driver as { pool?: DriverPool };
    const unclaim = claimDefaults(pool ?? dataSource, options.defaults);
    try {
      return await ConnectionSource.prepared(dataSource, options, pool);
    } catch (error) {
      unclaim();
      throw error;
    }
  }

  /** @param pool undefined under replication, where TypeORM has several: settings are then put in place at first use */
  private static async prepared(
    dataSource: DataSource,
    options: ResolvedDbOptions,
    pool: DriverPool | undefined,
  ): Promise<{ source: ConnectionSource; facts: ServerFacts }> {
    const raw = await connect(dataSource.createQueryRunner('master'), options.acquireTimeoutMs);
    const { config } = raw as unknown as DriverConnection;
    try {
      const dialect = detectDialect(await askVersion(raw));
      const resets = pool?.config?.resetOnRelease === true;
      const source = new ConnectionSource(dataSource, options, dialect, resets);
      const facts = (await source.meet(raw).ready) as ServerFacts;
      requireSafeSettings(config, facts, dialect);
      pool?.on?.('connection', (connection) => source.meet(connection));
      return { source, facts };
    } finally {
      raw.release();
    }
  }

  /** Takes a connection from the pool, within `acquireTimeoutMs` at most. One that comes too late goes straight back. */
  async acquire(limitMs: number = Number.POSITIVE_INFINITY, signal?: AbortSignal): Promise<Loan> {
    const timeoutMs = Math.min(limitMs, this.options.acquireTimeoutMs);
    const runner = this.dataSource.createQueryRunner('master');
    const raw = await connect(runner, timeoutMs, signal);
    const known = this.known.get(raw) ?? this.meet(raw);
    if (this.resetsOnRelease) known.ready = this.prepare(known.connection);
    if (known.ready !== undefined) await this.settle(known, timeoutMs);
    return { connection: known.connection, runner };
  }

  private meet(raw: PoolConnection): Known {
    const connection = new SessionConnection(raw, this.dialect, this.options.statementTimeoutMs);
    const known: Known = { connection, ready: this.prepare(connection) };
    this.known.set(raw, known);
    return known;
  }

  /** Sends all at once, so that the settings are in place before whoever gets the connection sends anything. */
  private prepare(connection: SessionConnection): Promise<ServerFacts> {
    const setup = this.dialect.connectionSetup(this.options.defaults).map((text) => connection.query(text));
    const facts = connection.query(this.dialect.factsQuery);
    const ready = Promise.all([facts, ...setup]).then(([reply]) => {
      const row = ('rows' in reply ? reply.rows[0] : undefined) as unknown as ServerFacts;
      // behind a proxy the number belongs to somebody else
      if (Number(row.connectionId) === connection.threadId) connection.onAbandoned(() => void this.kill(connection));
      return row;
    });
    // a connection may be opened for a stranger; what went wrong with it is thrown when a session gets it
    ready.catch(() => undefined);
    return ready;
  }

  private async settle(known: Known, timeoutMs: number): Promise<void> {
    try {
      const ready = known.ready as Promise<ServerFacts>;
      const facts = await withDeadline(ready, timeoutMs, () => new AcquireTimeoutError(timeoutMs));
      requireSafeServer(facts, this.dialect);
      known.ready = undefined;
    } catch (error) {
      const failure = translateConnectError(error);
      known.connection.destroy(failure);
      throw failure;
    }
  }

  /**
   * A server that waits for a lock does not notice that its client is gone, and keeps the locks it has. Never rejects: where
   * this fails, the statement ends by itself.
   */
  private async kill(abandoned: SessionConnection): Promise<void> {
    try {
      const { connection } = await this.acquire(KILL_TIMEOUT_MS);
      const killing = connection.query(this.dialect.kill(abandoned.threadId)).finally(() => connection.giveBack());
      await withDeadline(killing, KILL_TIMEOUT_MS, () => new AcquireTimeoutError(KILL_TIMEOUT_MS));
    } catch {
      // ended meanwhile, or the server cannot be reached
    }
  }
}

function requireUsable(dataSource: DataSource): void {
  const { type } = dataSource.options;
  new OptionFaults('DbSessions')
    .require(type === 'mysql' || type === 'mariadb', `the DataSource must be of type mysql or mariadb, not ${type}`)
    .require(dataSource.isInitialized, 'the DataSource must be initialized first (await dataSource.initialize())')
    .throwIfAny();
}

async function connect(runner: QueryRunner, timeoutMs: number, signal?: AbortSignal): Promise<PoolConnection> {
  const connecting = runner.connect() as Promise<PoolConnection>;
  const late = (raw: PoolConnection): void => raw.release();
  try {
    const work = signal === undefined ? connecting : unlessAborted(connecting, signal, late);
    return await withDeadline(work, timeoutMs, () => new AcquireTimeoutError(timeoutMs), late);
  } catch (error) {
    throw translateConnectError(error);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, onLate: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new SessionAbortedError('Waiting for a connection', signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) onLate(value);
        else resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}

function askVersion(raw: PoolConnection): Promise<string> {
  return new Promise((resolve, reject) => {
    raw.query('SELECT VERSION() AS version', [], (error, rows) => {
      if (error) reject(translateConnectError(error));
      else resolve(String((rows as { version: unknown }[])[0]?.version));
    });
  });
}

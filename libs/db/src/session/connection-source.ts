import { type SignalLike, withDeadline } from '@safesync/core';
import type { PoolConnection } from 'mysql2';
import type { DataSource, QueryRunner } from 'typeorm';
import { AcquireTimeoutError, SessionAbortedError } from '../db.errors.js';
import type { ResolvedDbOptions } from '../db.options.js';
import { detectDialect } from '../dialect/detect-dialect.js';
import type { SqlDialect } from '../dialect/sql-dialect.js';
import { endAbandoned } from './connection-killer.js';
import { translateConnectError } from './driver-error.js';
import { DriverPool, type PoolUsage, requireUsable } from './driver-pool.js';
import { KnownConnections } from './known-connections.js';
import { Lendings, type Trace } from './lendings.js';
import { NestedDemands } from './nested-demands.js';
import { claimDefaults } from './pool-defaults.js';
import { type PoolShare, shareOf } from './pool-share.js';
import { type DriverFacts, requireSafeSettings, type ServerFacts } from './server-facts.js';
import { askVersion, canChain } from './server-probe.js';
import type { SessionConnection } from './session-connection.js';
import { openScope, outOfScope } from './session-scope.js';
import { SpareConnections } from './spare-connections.js';
import { WaitingLine } from './waiting-line.js';

/** How long an idle connection stays with the sessions. The pool gets it earlier when somebody else waits for one. */
const KEEP_MS = 5_000;

/** Opened, and what the server said of itself. */
interface Opened {
  readonly source: ConnectionSource;
  readonly facts: ServerFacts;
}

/**
 * The DataSource's pool as sessions see it: every connection carries UTC, the default isolation level and lock wait, and was
 * seen to have safe server settings, once for each physical connection.
 *
 * A connection goes from session to session, and where the server can do that each ends its transaction by beginning the
 * next one's. It goes back to the pool, outside of any transaction, when it was idle for `KEEP_MS` or somebody else waits.
 */
export class ConnectionSource {
  private readonly known: KnownConnections;
  private readonly line = new WaitingLine<SessionConnection>();
  private readonly spare = new SpareConnections(KEEP_MS, (connection) => this.toPool(connection));
  private readonly lendings: Lendings;
  private readonly nested: NestedDemands;
  private readonly share: PoolShare;
  private readonly keeps: boolean;
  /** A session ends its transaction with `AND CHAIN`: the connection stays here, and the server knows the words. */
  readonly chains: boolean;
  /** To the pool, unanswered. */
  private requests = 0;
  /** On their way back to it. */
  private returning = 0;

  /** The same for everybody who uses the same connections. */
  get poolIdentity(): object {
    return this.pool.identity;
  }

  private constructor(
    private readonly dataSource: DataSource,
    private readonly pool: DriverPool,
    private readonly options: ResolvedDbOptions,
    readonly dialect: SqlDialect,
    serverChains: boolean,
  ) {
    this.keeps = pool.showsWaiting && !pool.resetsOnRelease;
    this.chains = this.keeps && serverChains;
    const endLost = (connection: SessionConnection): void => void outOfScope(() => endAbandoned(connection, this));
    this.known = new KnownConnections(dialect, options, endLost);
    this.lendings = new Lendings(options.leakAfterMs, (leak) => outOfScope(() => options.onLeak(leak)));
    this.share = shareOf(pool.identity);
    this.share.lendings.add(this.lendings);
    this.share.spares.add(this.spare);
    this.nested = new NestedDemands(this.share, () => pool.size, Math.ceil(options.acquireTimeoutMs / 10));
    pool.listen({ onOpened: (raw) => this.known.meet(raw), onOtherWaits: () => this.yieldToOthers() });
  }

  /** Detects the server, checks driver and server settings, and from then on prepares every connection the pool opens. */
  static async open(dataSource: DataSource, options: ResolvedDbOptions): Promise<Opened> {
    requireUsable(dataSource);
    const pool = new DriverPool(dataSource);
    const unclaim = claimDefaults(pool.identity, options.defaults);
    try {
      return await ConnectionSource.opened(dataSource, pool, options);
    } catch (error) {
      unclaim();
      throw error;
    }
  }

  private static async opened(dataSource: DataSource, pool: DriverPool, options: ResolvedDbOptions): Promise<Opened> {
    const raw = await pool.takeWithin(options.acquireTimeoutMs);
    const { config } = raw as unknown as { readonly config: DriverFacts };
    try {
      const dialect = detectDialect(await askVersion(raw));
      const source = new ConnectionSource(dataSource, pool, options, dialect, await canChain(raw));
      const facts = await source.known.factsOfFirst(raw);
      requireSafeSettings(config, facts, dialect);
      return { source, facts };
    } finally {
      raw.release();
    }
  }

  /** One that the sessions have at hand; undefined when there is none. */
  takeSpare(): SessionConnection | undefined {
    const spare = this.spare.take();
    return spare && this.lend(spare, this.lendings.trace(true));
  }

  /**
   * Takes a connection, within `acquireTimeoutMs` at most. First come, first served; who holds one already takes turns with all
   * others. Throws `PoolDeadlockError` when all are held by flows that wait for another.
   *
   * @param isFirst for what frees what others wait for
   */
  acquire(limitMs = Number.POSITIVE_INFINITY, signal?: SignalLike, isFirst = false): Promise<SessionConnection> {
    const spare = this.takeSpare();
    if (spare !== undefined) return Promise.resolve(spare);
    const trace = this.lendings.trace(false);
    const scope = openScope();
    const isNested = scope !== undefined && this.nested.holds(scope);
    const timeoutMs = Math.min(limitMs, this.options.acquireTimeoutMs);
    const waiting = this.line.join({
      timeoutMs,
      onTimeout: () => new AcquireTimeoutError(timeoutMs),
      signal,
      onAbort: (reason) => new SessionAbortedError('Waiting for a connection', reason),
      isFirst: isFirst || isNested,
    });
    if (isNested) this.nested.watch(scope, waiting);
    this.request();
    return waiting.served.then((connection) => this.lend(connection, trace));
  }

  /** Takes a connection back; one that is in doubt is destroyed. */
  giveBack(connection: SessionConnection): void {
    this.lendings.remove(connection);
    connection.detach();
    if (!connection.isSound) connection.discard();
    // through the pool to whoever is first there, a session or somebody else
    else if (!this.keeps) connection.release();
    else if (this.othersWaiting > 0) this.toPool(connection);
    else this.offer(connection);
  }

  /** As `giveBack`, for one on which anything may have been set. Never rejects: where resetting fails, it is destroyed. */
  async takeBackReset(connection: SessionConnection): Promise<void> {
    try {
      if (!connection.isSound) return;
      await connection.reset();
      await this.ready(connection, true);
    } catch {
      connection.taint('it could not be reset');
    } finally {
      this.giveBack(connection);
    }
  }

  /** A TypeORM runner on the connection; whoever has the connection owns its transaction. */
  runnerOn(connection: SessionConnection): QueryRunner {
    const runner = this.dataSource.createQueryRunner('master');
    connection.lendTo(runner);
    return runner;
  }

  /** Of the whole pool, others who use it included; undefined where it cannot be seen. */
  get usage(): PoolUsage | undefined {
    const { connections, othersWaiting } = this.pool;
    if (connections === undefined) return undefined;
    let { idle } = connections;
    for (const spare of this.share.spares) idle += spare.length;
    return { ...connections, idle, waiting: this.line.length + othersWaiting };
  }

  private lend(connection: SessionConnection, trace: Trace): SessionConnection {
    this.lendings.add(connection, trace);
    return connection;
  }

  /** Asks the pool once for each session that waits. */
  private request(): void {
    for (let missing = this.line.length - this.requests; missing > 0; missing -= 1) void this.bring();
  }

  /** Never rejects: what went wrong ends the wait of whoever came last. */
  private async bring(): Promise<void> {
    this.requests += 1;
    try {
      const raw = await this.pool.take();
      // served meanwhile by a session that ended
      if (this.line.length === 0) raw.release();
      else await this.enlist(raw);
    } catch (error) {
      this.line.fail(translateConnectError(error));
    } finally {
      this.requests -= 1;
      this.request();
    }
  }

  private async enlist(raw: PoolConnection): Promise<void> {
    const { acquireTimeoutMs } = this.options;
    const connection = this.known.connectionOf(raw);
    try {
      // one that was reset by the pool has lost its settings
      const ready = this.ready(connection, this.pool.resetsOnRelease);
      await withDeadline(ready, acquireTimeoutMs, () => new AcquireTimeoutError(acquireTimeoutMs));
    } catch (error) {
      const failure = translateConnectError(error);
      // in this order: whoever is to end an abandoned statement of it waits in the line too, and last
      this.line.fail(failure);
      connection.destroy(failure);
      return;
    }
    this.offer(connection);
  }

  private async ready(connection: SessionConnection, wasReset: boolean): Promise<void> {
    const prepared = wasReset ? this.known.prepareAgain(connection) : this.known.prepared(connection);
    // where it is released as it is, the next user would have the limit too
    const limits = this.keeps || this.pool.resetsOnRelease;
    await Promise.all([prepared, connection.takeFromPool({ limits, begins: this.chains })]);
  }

  private offer(connection: SessionConnection): void {
    if (this.line.serve(connection)) return;
    if (!this.keeps) connection.release();
    else if (this.othersWaiting > 0) this.toPool(connection);
    else this.spare.keep(connection);
  }

  /** Others for whom no connection is on its way yet. */
  private get othersWaiting(): number {
    return this.pool.othersWaiting - this.returning;
  }

  private yieldToOthers(): void {
    while (this.othersWaiting > 0 && this.spare.giveUpOldest());
  }

  private toPool(connection: SessionConnection): void {
    this.returning += 1;
    void connection.returnToPool().finally(() => {
      this.returning -= 1;
    });
  }
}

import { OptionFaults, withDeadline } from '@safesync/core';
import type { PoolConnection } from 'mysql2';
import type { DataSource } from 'typeorm';
import { AcquireTimeoutError } from '../db.errors.js';
import { translateConnectError } from './driver-error.js';

/** The parts of mysql2's pool that its types leave out. */
interface Mysql2Pool {
  readonly config?: {
    readonly resetOnRelease?: boolean;
    readonly waitForConnections?: boolean;
    /** 0: no limit. */
    readonly connectionLimit?: number;
  };
  /** Who waits for a connection; only its length is of interest. */
  readonly _connectionQueue?: { readonly length: number };
  readonly _allConnections?: { readonly length: number };
  readonly _freeConnections?: { readonly length: number };
  on?(event: 'connection', listener: (connection: PoolConnection) => void): void;
  on?(event: 'enqueue', listener: () => void): void;
}

/** The parts of TypeORM's driver that hold the pool. */
interface PoolDriver {
  /** Undefined under replication, where there are several. */
  readonly pool?: Mysql2Pool;
  obtainMasterConnection(): Promise<PoolConnection>;
}

/** Connections of a pool by what they do. */
export interface PoolConnections {
  /** There can be at a time. */
  readonly size: number;
  readonly open: number;
  /** Open, and in nobody's hands. */
  readonly idle: number;
}

export interface PoolUsage extends PoolConnections {
  /** Sessions and others that wait for one. */
  readonly waiting: number;
}

export interface PoolListeners {
  /** Told of every connection that the pool opens, before anybody else gets it. */
  readonly onOpened: (connection: PoolConnection) => void;
  /** Told whenever somebody else has begun to wait. */
  readonly onOtherWaits: () => void;
}

/** The pool of a DataSource, which others use as well: repositories, `dataSource.query()`, other libraries. */
export class DriverPool {
  private readonly driver: PoolDriver;
  /** Requests of ours in the pool's own queue. */
  private ownWaiting = 0;
  private onOwnWait: (() => void) | undefined;
  private hooked: Mysql2Pool | undefined;

  private listeners: PoolListeners | undefined;

  constructor(private readonly dataSource: DataSource) {
    this.driver = dataSource.driver;
  }

  /** The same for everybody who uses the same connections. */
  get identity(): object {
    return this.driver.pool ?? this.dataSource;
  }

  /** Connections lose their settings whenever they are released. */
  get resetsOnRelease(): boolean {
    return this.driver.pool?.config?.resetOnRelease === true;
  }

  /** True when others who wait can be seen: only then may an idle connection stay out of the pool. */
  get showsWaiting(): boolean {
    const { pool } = this.driver;
    const waits = pool?.config?.waitForConnections !== false;
    return waits && typeof pool?._connectionQueue?.length === 'number' && typeof pool.on === 'function';
  }

  /** Connections there can be at a time. */
  get size(): number {
    return this.driver.pool?.config?.connectionLimit || Number.POSITIVE_INFINITY;
  }

  /** Undefined where the driver does not show it. */
  get connections(): PoolConnections | undefined {
    const { _allConnections: all, _freeConnections: free } = this.driver.pool ?? {};
    if (typeof all?.length !== 'number' || typeof free?.length !== 'number') return undefined;
    return { size: this.size, open: all.length, idle: free.length };
  }

  /** Others who wait for a connection now. */
  get othersWaiting(): number {
    return Math.max(0, (this.driver.pool?._connectionQueue?.length ?? 0) - this.ownWaiting);
  }

  /** Takes a connection, however long that takes. */
  async take(): Promise<PoolConnection> {
    let isWaiting = false;
    this.onOwnWait = () => {
      isWaiting = true;
      this.ownWaiting += 1;
    };
    this.hook();
    // asks the pool before it returns
    const taking = this.driver.obtainMasterConnection();
    this.onOwnWait = undefined;
    try {
      return await taking;
    } finally {
      if (isWaiting) this.ownWaiting -= 1;
    }
  }

  /** As `take`, within `timeoutMs`. Throws `AcquireTimeoutError`, or the error of an attempt to connect. */
  async takeWithin(timeoutMs: number): Promise<PoolConnection> {
    const late = (raw: PoolConnection): void => raw.release();
    try {
      return await withDeadline(this.take(), timeoutMs, () => new AcquireTimeoutError(timeoutMs), late);
    } catch (error) {
      throw translateConnectError(error);
    }
  }

  listen(listeners: PoolListeners): void {
    this.listeners = listeners;
    this.hook();
  }

  /** A DataSource that was closed and opened again has another pool. */
  private hook(): void {
    const { listeners } = this;
    const { pool } = this.driver;
    if (listeners === undefined || pool === undefined || pool === this.hooked) return;
    this.hooked = pool;
    pool.on?.('connection', listeners.onOpened);
    pool.on?.('enqueue', () => {
      if (this.onOwnWait) this.onOwnWait();
      // the pool tells before it queues
      else queueMicrotask(listeners.onOtherWaits);
    });
  }
}

/** Throws `InvalidOptionsError` for a DataSource that sessions cannot use. */
export function requireUsable(dataSource: DataSource): void {
  const { type } = dataSource.options;
  new OptionFaults('DbSessions')
    .require(type === 'mysql' || type === 'mariadb', `the DataSource must be of type mysql or mariadb, not ${type}`)
    .require(dataSource.isInitialized, 'the DataSource must be initialized first (await dataSource.initialize())')
    .throwIfAny();
}

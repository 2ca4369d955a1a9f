import type { SessionConnection } from './session-connection.js';

interface Spare {
  readonly connection: SessionConnection;
  readonly since: number;
}

/** Idle connections that sessions keep out of the pool, the one used last on top. Each goes back after `keepMs`. */
export class SpareConnections {
  private readonly idle: Spare[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly keepMs: number,
    private readonly giveUp: (connection: SessionConnection) => void,
  ) {}

  /** Those still connected. */
  get length(): number {
    return this.idle.filter(({ connection }) => connection.lost === undefined).length;
  }

  keep(connection: SessionConnection): void {
    this.idle.push({ connection, since: performance.now() });
    this.timer ??= setTimeout(() => this.expire(), this.keepMs).unref();
  }

  /** One that is still connected. */
  take(): SessionConnection | undefined {
    for (let spare = this.idle.pop(); spare !== undefined; spare = this.idle.pop()) {
      if (spare.connection.lost === undefined) return spare.connection;
      spare.connection.discard();
    }
    return undefined;
  }

  /** Gives up the one that was used least recently and is still connected; false when there is none. */
  giveUpOldest(): boolean {
    for (let oldest = this.idle.shift(); oldest !== undefined; oldest = this.idle.shift()) {
      const { connection } = oldest;
      if (connection.lost === undefined) {
        this.giveUp(connection);
        return true;
      }
      connection.discard();
    }
    return false;
  }

  private expire(): void {
    this.timer = undefined;
    const now = performance.now();
    while (this.idle[0] !== undefined && now - this.idle[0].since >= this.keepMs) this.giveUpOldest();
    const next = this.idle[0];
    // timers fire early by up to a millisecond
    if (next !== undefined) this.timer = setTimeout(() => this.expire(), next.since + this.keepMs - now + 1).unref();
  }
}

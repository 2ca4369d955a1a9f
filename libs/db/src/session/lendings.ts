import type { SessionConnection } from './session-connection.js';

/** A connection that somebody has had for suspiciously long. */
export interface ConnectionLeak {
  readonly heldMs: number;
  /** The server's number of the connection, as in its process list. */
  readonly threadId: number;
  /** Where it was asked for, innermost call first; undefined when it came from another session and was the first to be told of. */
  readonly stack: string | undefined;
}

/** Where a connection was asked for; the text is made only if somebody reads it. */
export interface Trace {
  readonly stack?: string;
}

const UNTRACED: Trace = {};

interface Lending {
  readonly connection: SessionConnection;
  readonly since: number;
  readonly trace: Trace;
  isTold: boolean;
}

/**
 * Which connections are lent, since when, and to whom. One that does not come back is told of, once.
 *
 * A trace costs as much as a tenth of a session (ADR 0009). So a session that goes on with the connection of another is traced
 * only when there was a leak already; one that has to wait for the pool always is.
 */
export class Lendings {
  /** In the order in which they were lent. No Map: one that is filled and emptied all the time leaves tables behind that outlive their use. */
  private readonly lent: Lending[] = [];
  private timer: NodeJS.Timeout | undefined;
  private hasTold = false;

  /** @param leakAfterMs 0: nobody is told, and nothing is traced */
  constructor(
    private readonly leakAfterMs: number,
    private readonly onLeak: (leak: ConnectionLeak) => void,
  ) {}

  /** To be called by whoever asks, while he is still on the stack. @param isQuick there is no time but for what must be */
  trace(isQuick: boolean): Trace {
    if (this.leakAfterMs === 0 || (isQuick && !this.hasTold)) return UNTRACED;
    const trace: Trace = {};
    Error.captureStackTrace(trace);
    return trace;
  }

  add(connection: SessionConnection, trace: Trace): void {
    this.lent.push({ connection, since: performance.now(), trace, isTold: false });
    if (this.leakAfterMs > 0) this.timer ??= setTimeout(() => this.check(), this.leakAfterMs).unref();
  }

  remove(connection: SessionConnection): void {
    const at = this.lent.findIndex((lending) => lending.connection === connection);
    if (at >= 0) this.lent.splice(at, 1);
  }

  has(connection: SessionConnection): boolean {
    return this.lent.some((lending) => lending.connection === connection);
  }

  private check(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const lending of this.lent) {
      if (lending.isTold) continue;
      const heldMs = now - lending.since;
      if (heldMs < this.leakAfterMs) {
        // those that follow were lent later; timers fire early by up to a millisecond
        this.timer = setTimeout(() => this.check(), this.leakAfterMs - heldMs + 1).unref();
        return;
      }
      lending.isTold = true;
      this.hasTold = true;
      const stack = lending.trace.stack?.split('\n').slice(1).join('\n');
      this.onLeak({ heldMs: Math.round(heldMs), threadId: lending.connection.threadId, stack });
    }
  }
}

import type { StreamHandlerOptions } from '@safesync/queue';
import type { FailpointOptions } from '@safesync/testing';

/** What a message asks for: one effect, and this amount on that account. */
export interface FaultPayload {
  readonly n: number;
  readonly account: number;
  readonly amount: number;
  /** How its handler misbehaves. */
  readonly poison?: string;
}

/**
 * What a worker does at its point. All but `kill` say so first: `wait` goes on when it gets a message, `pause` is SIGSTOP, and `block`
 * keeps the event loop busy until the worker's `releaseFile` is there.
 */
export type PointAction = 'kill' | 'wait' | 'pause' | 'block';

/** A failpoint as it travels to another process. */
export interface PointSettings extends Omit<FailpointOptions, 'action' | 'matching'> {
  /** Source of the pattern. */
  readonly matching: string;
  readonly action: PointAction;
}

/** What a worker of the suite is told when it starts. */
export interface WorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly handler: StreamHandlerOptions;
  /** The failpoint it is to reach. */
  readonly point?: PointSettings;
  /** Ends a `block`. */
  readonly releaseFile?: string;
  /** How long a handler takes at least, in ms. */
  readonly workMs?: number;
  /**
   * `session`: effects are written in the message's transaction. `beside`: by a connection of the handler's own, as code does that
   * knows nothing of sessions; for controls. `none`: whatever the payload is, nothing is done.
   */
  readonly effects?: 'session' | 'beside' | 'none';
  /** Where the handlers it starts are written down. */
  readonly historyFile?: string;
}

/** What a worker tells its parent. */
export type WorkerReport =
  | { readonly ready: true }
  | { readonly atPoint: true }
  /** Told again and again, by an event loop that turns. */
  | { readonly alive: number }
  /** Bytes that are not garbage. */
  | { readonly measure: number; readonly heldBytes: number };

/** Asks a worker what it holds; answered under the same number. */
export interface MeasureRequest {
  readonly measure: number;
}

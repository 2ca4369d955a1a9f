import type { StreamHandlerOptions } from '@safesync/queue';
import type { FailpointAction, FailpointOptions } from '@safesync/testing';

/** What a message asks for: one effect, and this amount on that account. */
export interface FaultPayload {
  readonly n: number;
  readonly account: number;
  readonly amount: number;
  /** How its handler misbehaves. */
  readonly poison?: string;
}

/** A failpoint as it travels to another process. `wait`: the worker says that it is there, and goes on when it gets a message. */
export interface PointSettings extends Omit<FailpointOptions, 'action' | 'matching'> {
  /** Source of the pattern. */
  readonly matching: string;
  /** With `blockMs` its event loop is busy for so long. */
  readonly action: Exclude<FailpointAction, () => void> | 'wait' | { readonly blockMs: number };
}

/** What a worker of the suite is told when it starts. */
export interface WorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly handler: StreamHandlerOptions;
  /** The failpoint it is to reach. */
  readonly point?: PointSettings;
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
  | { readonly alive: number; readonly rss: number };

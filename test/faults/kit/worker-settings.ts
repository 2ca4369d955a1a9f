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
  /** Source of another one, of statements: only what follows the `nth` of those counts, and of that the first. */
  readonly following?: string;
  readonly action: PointAction;
}

/** Transactions that a worker makes, several at a time; each is to publish a message, and a third of them is undone. */
export interface WriteSettings {
  readonly transactions: number;
  readonly seed: number;
  /** Between two of one flow, in ms. Default 0. */
  readonly restMs?: number;
  /** `after commit`: as code does that has no outbox; for controls. */
  readonly through: 'outbox' | 'after commit';
}

/** What a worker of the suite is told when it starts. */
export interface WorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly handler: StreamHandlerOptions;
  /** False: it only writes or relays. Default true. */
  readonly handles?: boolean;
  /** Whether it relays what waits in the outbox. Default false. */
  readonly relays?: boolean;
  /** What it does when it is ready. */
  readonly writes?: WriteSettings;
  /** The failpoint it is to reach. */
  readonly point?: PointSettings;
  /** Ends a `block`. */
  readonly releaseFile?: string;
  /** How long a handler takes at least, in ms. */
  readonly workMs?: number;
  /**
   * `session`: effects are written in the message's transaction. `beside`: by a connection of the handler's own, as code does that
   * knows nothing of sessions; for controls. `none`: whatever the payload is, nothing is done. `transfer`: as `session`, and money
   * moves between wallets.
   */
  readonly effects?: 'session' | 'beside' | 'none' | 'transfer';
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

import type { OrderStatus } from './order/order-status.js';

/** One handler's consumer at this moment. */
export interface ConsumerStatus {
  /** `Class.method`. */
  readonly handler: string;
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** Messages being handled. */
  readonly running: number;
  /** The group is paused: nothing is read, claimed or started until somebody resumes it. */
  readonly isPaused: boolean;
  /** Only where the handler orders. */
  readonly order?: OrderStatus;
  /**
   * Since the read loop last came round. Grows beyond `blockMs` while Redis does not answer, while the database is away,
   * while all slots are taken, and while the group is paused.
   */
  readonly sinceLastTurnMs: number;
}

/** What became of the messages that a consumer held when it was stopped, each counted once. All 0 but `finished` is a clean stop. */
export interface DrainReport {
  /** `Class.method`. */
  readonly handler: string;
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** In progress when the stop began, and at their end in time; what failed and waits for a retry is given back. */
  readonly finished: number;
  /** Not started, rolled back when the time was over, or waiting for a retry: left to the others of the group. */
  readonly givenBack: number;
  /** Committed, but the acknowledgement was not confirmed: they will be delivered again. */
  readonly unacknowledged: number;
  /** Handlers that ignored their signal. They cannot commit any more; their messages are claimed by other consumers. */
  readonly stillRunning: number;
}

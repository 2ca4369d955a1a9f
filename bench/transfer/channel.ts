import type { Calls } from '../counters/server-counters.js';
import type { Transfer } from './transfer.js';

/** The way the transfers take to a contender, seen from the bench: a stream, or a queue of another library. */
export interface Channel {
  /** Empty, as if nothing had ever been published. */
  reset(): Promise<void>;
  /** Makes messages ready without anybody seeing them. */
  prepare(transfers: readonly Transfer[]): Promise<void>;
  /** Shows all prepared messages at once. Resolves with the Redis commands that this took. */
  release(): Promise<Calls>;
  /** What is wrong after a run in which `published` messages were released; empty when none is left or was lost. */
  faults(published: number): Promise<string[]>;
  close(): Promise<void>;
}

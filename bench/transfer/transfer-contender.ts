import type { Transfer } from './transfer.js';

/** What a contender is given: where to read, where to write, and how many messages it works on at once. */
export interface TransferSetup {
  /** Connection URL including the database. */
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  /** The stream; with `channel` "bullmq", the queue. */
  readonly stream: string;
  readonly channel: 'stream' | 'bullmq';
  /** Exists already, and has read nothing. */
  readonly group: string;
  /** Messages at once; the size of the connection pool too. */
  readonly concurrency: number;
}

/** How a contender tells the meter about a message. Both calls note and return: they cost every contender the same. */
export interface Probe {
  /** The message is decoded and its transaction is about to do its first statement. */
  started(id: Transfer['id']): void;
  /** The last statement has returned; commit and acknowledgement are still to come. */
  finished(): void;
}

/** A contender's module. Resolves once it reads its stream; it then works until the process ends. */
export interface TransferModule {
  start(setup: TransferSetup, probe: Probe): Promise<void>;
}

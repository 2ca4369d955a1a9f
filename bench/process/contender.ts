/** What a contender is given: where to read, where to write, and how many messages it works on at once. */
export interface ContenderSetup {
  /** Connection URL including the database. */
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  readonly stream: string;
  /** Exists already, and has read nothing. */
  readonly group: string;
  /** Messages at once; the size of the connection pool too. */
  readonly concurrency: number;
}

/** How a contender tells the meter about a message. Both calls count and return: they cost every contender the same. */
export interface Probe {
  /** The message is decoded and its transaction is about to do its first statement. */
  started(): void;
  /** The last statement has returned; commit and acknowledgement are still to come. */
  finished(): void;
}

/** A module in a process of its own. Resolves once the contender reads its stream; it then works until the process ends. */
export interface ContenderModule {
  start(setup: ContenderSetup, probe: Probe): Promise<void>;
}

/** What one run of one contender measured about itself. */
export interface Drained {
  /** From the first message started to the moment the group has nothing pending. */
  readonly elapsedMs: number;
  /** User and system time of the contender's process over the same interval. */
  readonly cpuUs: number;
  /** XPENDING commands the meter itself sent, to be taken off the server's count. */
  readonly polls: number;
}

/** What the contender's process tells the bench. */
export type ContenderReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly finished: number }
  | { readonly kind: 'drained'; readonly result: Drained };

/** What the bench tells the contender's process: this many messages are coming. */
export interface DrainOrder {
  readonly expect: number;
}

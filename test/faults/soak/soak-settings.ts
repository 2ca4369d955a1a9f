/** What a process of the soak is told when it starts. */
export interface SoakSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Its handler books and publishes to `entries` from its transaction. */
  readonly orders: string;
  readonly entries: string;
  /** How long the tables of the library keep what has served, in ms. */
  readonly keepMs: number;
}

/** The question that a process answers with `ProcessSample`, and its number. */
export interface SampleRequest {
  readonly sample: number;
}

/** What a process holds, right after its garbage was collected. */
export interface ProcessSample extends SampleRequest {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly sockets: number;
}

/** What a handler gives up at once. */
export const HOPELESS = 'hopeless';

/** A private server that a test or a demo may break and mend. Its data and its port stay the same for its whole life. */
export interface ManagedServer {
  /** Such as `MariaDB 10.11.19`. */
  readonly version: string;
  readonly url: string;
  readonly port: number;
  /** The server's process number; undefined while it is down. */
  readonly pid: number | undefined;
  /** Standard output and error of the server, all starts one after the other. */
  readonly logFile: string;
  /** Ends the server as a power cut would (SIGKILL); resolves when its process is gone. Nothing to do when it is down. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port; resolves when it answers. Nothing to do when it runs; starts that overlap are one. Rejects with `ServerStartError`. */
  start(): Promise<void>;
  /** Ends the server in good order; after 30 s by force. Nothing to do when it is down. */
  stop(): Promise<void>;
}

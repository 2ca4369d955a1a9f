/** What an executable says it is. */
export interface ServerProduct {
  readonly product: 'MySQL' | 'MariaDB' | 'Redis' | 'Valkey';
  readonly version: string;
}

export interface ServerBinary extends ServerProduct {
  readonly path: string;
}

/** How to run one private server: everything a start needs, the same at every restart. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Where a private server lives. */
export interface ServerPlace {
  /** Holds the server's data; made by `prepare` when it does not exist. */
  readonly dataFolder: string;
  readonly logFile: string;
  readonly port: number;
}

/** The server as a container. */
export interface ContainerRecipe {
  readonly image: string;
  readonly port: number;
  /** Path inside the container that holds the data. */
  readonly volume: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** One kind of server, as the launcher sees it. MySQL and Redis are the two. */
export interface ServerKind {
  /** For people. */
  readonly name: string;
  /** For folders. */
  readonly key: 'mysql' | 'redis';
  /** The environment variable that names a running server. */
  readonly variable: string;
  /** File names of the executable, in order of preference within one folder. */
  readonly executables: readonly string[];
  /** Packages of Debian and Ubuntu that hold the executable. */
  readonly packages: readonly string[];
  /** How a person installs it, for messages. */
  readonly install: string;
  readonly container: ContainerRecipe;
  /** How long a start may take, crash recovery included. */
  readonly readyWithinMs: number;
  /** Reads the output of `--version`; a string says why this executable does not serve. */
  identify(versionOutput: string): ServerProduct | string;
  url(port: number): string;
  /** Makes the data folder where needed and says how to start the server on it. */
  prepare(binary: ServerBinary, place: ServerPlace, args: readonly string[]): Promise<ServerCommand>;
  /** One question over a connection of its own; what it is, or the error of the connection. */
  ask(url: string, withinMs: number): Promise<ServerAnswer>;
}

export interface ServerAnswer {
  /** Such as `MariaDB 10.11.19`. */
  readonly version: string;
  /** True when the answer comes from the server in `place` with this process id, and not from a stranger on its port. */
  isFrom(place: ServerPlace, pid: number): Promise<boolean>;
}

import { readFile } from 'node:fs/promises';
import { COMPOSE_READY_MS, ComposeProject } from './compose.js';
import { DataFolder } from './data-folder.js';
import { freePort } from './free-port.js';
import type { ManagedServer } from './managed-server.js';
import type { ServerBinary, ServerKind } from './server-kind.js';
import type { ServerSource } from './server-source.js';
import { SupervisedServer } from './supervised-server.js';

const PORT_ATTEMPTS = 5;

export interface PrivateServerOptions {
  readonly kind: ServerKind;
  readonly source: Exclude<ServerSource, { from: 'environment' }>;
  /** The launcher's folder; the server's own is made below it. */
  readonly dataDir: string;
  readonly fresh: boolean;
  /** Added to the server's command line. */
  readonly args: readonly string[];
}

/** A running private server and how to be rid of it. */
export interface PrivateServer {
  readonly server: ManagedServer;
  /** Ends the server and gives its folder up; fresh data is removed. */
  release(): Promise<void>;
}

export async function startPrivateServer(options: PrivateServerOptions): Promise<PrivateServer> {
  const { kind, dataDir, fresh } = options;
  const folder = await (fresh ? DataFolder.fresh(dataDir, kind.key) : DataFolder.lasting(dataDir, kind.key));
  try {
    return await startOnFreePort(options, folder);
  } catch (error) {
    // a lasting folder keeps the log that the error names; a fresh one is gone, its tail is in the message
    await folder.release();
    throw error;
  }
}

/** Between asking for a free port and listening on it, another process may take it. */
async function startOnFreePort(options: PrivateServerOptions, folder: DataFolder): Promise<PrivateServer> {
  const { source } = options;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const own = await (source.from === 'binary'
      ? ofBinary(source.binary, options, folder, port)
      : ofContainer(source.docker, options, folder, port));
    try {
      await own.server.start();
      return own;
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !(await wasPortTaken(folder.logFile))) throw error;
    }
  }
}

async function ofBinary(
  binary: ServerBinary,
  { kind, args }: PrivateServerOptions,
  folder: DataFolder,
  port: number,
): Promise<PrivateServer> {
  const place = { dataFolder: folder.dataFolder, logFile: folder.logFile, port };
  const server = new SupervisedServer({
    kind,
    port,
    folder,
    command: await kind.prepare(binary, place, args),
    readyWithinMs: kind.readyWithinMs,
    checkIdentity: true,
    afterwards: folder.isFresh ? ['rm', '-rf', folder.path] : [],
  });
  // nobody will read fresh data again: no need to wait for the server to tidy it
  const end = (): Promise<void> => (folder.isFresh ? server.kill() : server.stop());
  return { server, release: () => end().then(() => folder.release()) };
}

async function ofContainer(
  docker: string,
  { kind, args }: PrivateServerOptions,
  folder: DataFolder,
  port: number,
): Promise<PrivateServer> {
  const project = await ComposeProject.write(docker, kind, folder, port, args);
  const server = new SupervisedServer({
    kind,
    port,
    folder,
    command: project.command,
    readyWithinMs: COMPOSE_READY_MS,
    checkIdentity: false,
    afterwards: project.removal(folder.isFresh),
    killer: () => project.kill(),
  });
  const release = async (): Promise<void> => {
    await server.stop();
    await project.remove(folder.isFresh);
    await folder.release();
  };
  return { server, release };
}

async function wasPortTaken(logFile: string): Promise<boolean> {
  return /address already in use|port is already allocated/i.test(await readFile(logFile, 'utf8').catch(() => ''));
}

import { join } from 'node:path';
import { type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { ServerKeeper } from '../processes/server-keeper.js';
import type { UndoStack } from './undo-stack.js';

/** Run data, below the root of the repository. */
export const DATA = join(import.meta.dirname, '..', '..', '..', '..', '.data');

export interface KeptServersOptions {
  readonly dataDir: string;
  /** True: empty servers, removed at the end. False: the data stays for the next time. */
  readonly fresh: boolean;
  readonly undo: UndoStack;
  readonly say: (text: string) => void;
}

/** MySQL and Redis, found or started; a private one that dies is started again. */
export async function startKeptServers({ dataDir, fresh, undo, say }: KeptServersOptions): Promise<Servers> {
  const servers = await startServers({ dataDir, fresh, onProgress: say });
  undo.push(() => servers.stop());
  keep('MySQL', servers.mysql, undo, say);
  keep('Redis', servers.redis, undo, say);
  return servers;
}

function keep(name: string, server: ManagedServer | undefined, undo: UndoStack, say: (text: string) => void): void {
  if (!server) return;
  const keeper = new ServerKeeper(name, server, say);
  keeper.start();
  undo.push(() => keeper.stop());
}

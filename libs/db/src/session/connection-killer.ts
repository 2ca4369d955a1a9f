import { withDeadline } from '@safesync/core';
import { AcquireTimeoutError } from '../db.errors.js';
import type { ConnectionHome, SessionConnection } from './session-connection.js';

/**
 * Ends `dead` on the server, which may still run a statement of it, over another connection. Throws a `DbError` where the
 * server refuses: it has ended by itself, for example. Does nothing where its number may be somebody else's by now: behind a
 * proxy that gives its own, on another server, and on one that was started since, by more than a second.
 */
export async function killConnection(over: SessionConnection, dead: SessionConnection): Promise<void> {
  if (dead.home !== undefined && (await isSameServer(over, dead.home)))
    await over.query(over.dialect.kill(dead.threadId));
}

async function isSameServer(over: SessionConnection, home: ConnectionHome): Promise<boolean> {
  const [server, uptime] = await Promise.all([
    over.query(`SELECT ${over.dialect.serverName} AS server`),
    over.query("SHOW GLOBAL STATUS LIKE 'Uptime'"),
  ]);
  if (!('rows' in server) || !('rows' in uptime)) return false;
  // whole seconds: the server may have started up to one later than it seems
  const startedAt = performance.now() - Number(uptime.rows[0]?.Value) * 1_000;
  return server.rows[0]?.server === home.server && startedAt - 1_000 <= home.openedAt;
}

const KILL_TIMEOUT_MS = 10_000;

/** Whoever has other connections to the same server. */
interface Lender {
  acquire(limitMs: number, signal: undefined, isFirst: true): Promise<SessionConnection>;
  giveBack(connection: SessionConnection): void;
}

/**
 * Ends what the server still runs for a connection that was destroyed: a server that waits for a lock does not notice that its
 * client is gone, and keeps the locks it has. Never rejects: where this fails, the statement ends by itself.
 */
export async function endAbandoned(abandoned: SessionConnection, lender: Lender): Promise<void> {
  try {
    const connection = await lender.acquire(KILL_TIMEOUT_MS, undefined, true);
    const killing = killConnection(connection, abandoned).finally(() => lender.giveBack(connection));
    await withDeadline(killing, KILL_TIMEOUT_MS, () => new AcquireTimeoutError(KILL_TIMEOUT_MS));
  } catch {
    // ended meanwhile, or the server cannot be reached
  }
}

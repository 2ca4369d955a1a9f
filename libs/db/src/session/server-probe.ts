import type { PoolConnection } from 'mysql2';
import { translateConnectError } from './driver-error.js';
import { isInTransaction, toReply } from './server-reply.js';

/** The version that the server gives itself. */
export async function askVersion(raw: PoolConnection): Promise<string> {
  const rows = await ask(raw, 'SELECT VERSION() AS version');
  return String((rows as { version: unknown }[])[0]?.version);
}

/** True when the server begins a transaction with the end of another. Some that speak MySQL's protocol do not know the words. */
export async function canChain(raw: PoolConnection): Promise<boolean> {
  try {
    return isInTransaction(toReply(await ask(raw, 'ROLLBACK AND CHAIN'), undefined));
  } catch {
    return false;
  } finally {
    await ask(raw, 'ROLLBACK');
  }
}

function ask(raw: PoolConnection, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    raw.query(text, [], (error, result) => {
      if (error) reject(translateConnectError(error));
      else resolve(result);
    });
  });
}

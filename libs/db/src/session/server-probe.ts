import type { PoolConnection } from 'mysql2';
import { translateConnectError } from './driver-error.js';
import { isInTransaction, toReply } from './server-reply.js';

/** The version that the server gives itself. */
export async function askVersion(raw: PoolConnection): Promise<string> {
  const rows = await ask(raw, 'SELECT VERSION() AS version');
  return String((rows as { version: unknown }[])[0]?.version);
}

/**
 * True when the end of a transaction may begin the next one. Some servers that speak MySQL's protocol do not know the words.
 * Where nodes replicate to each other, a transaction may have to wait at its beginning for what others have written: begun with
 * the end of the one before, it would read what was true then, and its waiting in vain would look like a commit that failed.
 */
export async function canChain(raw: PoolConnection): Promise<boolean> {
  const rows = (await ask(raw, CLUSTER_SETTINGS)) as readonly { Variable_name: string; Value: string }[];
  const settings = new Map(rows.map(({ Variable_name: name, Value: value }) => [name, value]));
  return !waitsAtBegin(settings) && (await knowsChain(raw));
}

const CLUSTER_SETTINGS =
  "SHOW VARIABLES WHERE Variable_name IN ('wsrep_on', 'group_replication_group_name', 'group_replication_consistency')";

export function waitsAtBegin(settings: ReadonlyMap<string, string>): boolean {
  const isInGroup = (settings.get('group_replication_group_name') ?? '') !== '';
  const groupWaits = isInGroup && settings.get('group_replication_consistency') !== 'EVENTUAL';
  return settings.get('wsrep_on') === 'ON' || groupWaits;
}

async function knowsChain(raw: PoolConnection): Promise<boolean> {
  try {
    return isInTransaction(toReply(await ask(raw, 'ROLLBACK AND CHAIN')));
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

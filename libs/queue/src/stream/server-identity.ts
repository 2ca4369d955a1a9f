import type { RedisConnection } from './redis-connection.js';
import { parseText } from './stream-entry.js';

/**
 * What names the data set behind a connection: the server's process and its place in the history of replication. While both are
 * what they were, the server has forgotten nothing: not restarted, not a replica since. Undefined where Redis does not
 * say (a cluster, a proxy, a user without INFO).
 */
export async function serverIdentity(connection: RedisConnection): Promise<string | undefined> {
  // a cluster would answer for one of its nodes
  if (connection.isCluster) return undefined;
  const answers = await connection.commands([
    ['info', 'server'],
    ['info', 'replication'],
  ]);
  const texts = answers.map((answer) => ('reply' in answer ? parseText(answer.reply, 'INFO') : ''));
  const run = /^run_id:(\w+)/m.exec(texts[0] ?? '')?.[1];
  const history = /^master_replid:(\w+)/m.exec(texts[1] ?? '')?.[1];
  return run === undefined || history === undefined ? undefined : `${run}:${history}`;
}

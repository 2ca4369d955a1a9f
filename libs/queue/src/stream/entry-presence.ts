import type { RedisConnection } from './redis-connection.js';
import { MISSING_ENTRIES_SCRIPT } from './scripts/missing-entries.script.js';
import { parseTexts } from './stream-entry.js';

/** Those of the entries (at most 500) that the stream does not hold: lost, trimmed or deleted. Their content is not read. */
export async function missingEntries(
  connection: RedisConnection,
  stream: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return [];
  return connection.parse(await connection.script(MISSING_ENTRIES_SCRIPT, [stream], ids), parseTexts);
}

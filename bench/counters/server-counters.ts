import type { Redis } from 'ioredis';
import type { Pool, RowDataPacket } from 'mysql2/promise';

/** Calls by name, as a server counts them. */
export type Calls = Readonly<Record<string, number>>;

/** `after` - `before`, without the names that did not move. */
export function callsBetween(before: Calls, after: Calls): Calls {
  const moved = Object.entries(after).map(([name, calls]) => [name, calls - (before[name] ?? 0)] as const);
  return Object.fromEntries(moved.filter(([, calls]) => calls !== 0));
}

/** `Questions` (statements that clients sent) and every `Com_` counter of a MySQL or MariaDB server. */
export async function sqlCalls(pool: Pool): Promise<Calls> {
  const [rows] = await pool.query<RowDataPacket[]>(
    "SHOW GLOBAL STATUS WHERE Variable_name = 'Questions' OR Variable_name LIKE 'Com\\_%'",
  );
  return Object.fromEntries(rows.map((row) => [String(row.Variable_name).toLowerCase(), Number(row.Value)]));
}

/** Calls by command of a Redis server. Commands that a script runs are counted too, under their own names. */
export async function redisCalls(redis: Redis): Promise<Calls> {
  const text = await redis.info('commandstats');
  const lines = [...text.matchAll(/^cmdstat_(?<name>[^:]+):calls=(?<calls>\d+)/gm)];
  return Object.fromEntries(lines.map(({ groups }) => [groups?.name ?? '', Number(groups?.calls)]));
}

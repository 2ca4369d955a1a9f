import type { SqlValue } from '@safesync/db';

/** A piece of SQL and its parameters. */
export interface SqlPiece {
  readonly sql: string;
  readonly params: Record<string, SqlValue>;
}

/**
 * `:name0, :name1, ...` for at least one value, the last repeated up to a power of two: few texts, whatever the number of
 * values, so that each is read once only.
 */
export function sqlList(name: string, values: readonly SqlValue[]): SqlPiece {
  const params: Record<string, SqlValue> = {};
  const names: string[] = [];
  for (let at = 0; at < paddedLength(values.length); at += 1) {
    params[`${name}${at}`] = values[Math.min(at, values.length - 1)] as SqlValue;
    names.push(`:${name}${at}`);
  }
  return { sql: names.join(', '), params };
}

function paddedLength(count: number): number {
  let length = 1;
  while (length < count) length *= 2;
  return length;
}

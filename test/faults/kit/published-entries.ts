import { METADATA_KEY } from '@safesync/queue';
import type { Redis } from 'ioredis';

/** What an entry of a stream says. */
export interface PublishedEntry {
  readonly n: number;
  readonly key: string;
}

interface EntryData {
  readonly n: number;
  readonly [METADATA_KEY]: { readonly key: string };
}

/** All entries of a stream, in their order. */
export async function publishedEntries(redis: Redis, stream: string): Promise<PublishedEntry[]> {
  const entries = await redis.xrange(stream, '-', '+');
  return entries.map(([, fields]) => {
    const { n, [METADATA_KEY]: metadata } = JSON.parse(fields[1] as string) as EntryData;
    return { n, key: metadata.key };
  });
}

/**
 * One sentence for each way in which a stream does not hold what was written: all of it, nothing else, and that of a key for the
 * first time in the order of the numbers. An entry that comes again is no fault: its id is the same.
 */
export function streamFaults(entries: readonly PublishedEntry[], written: readonly number[]): string[] {
  const arrived = new Set(entries.map(({ n }) => n));
  const expected = new Set(written);
  const counts: readonly (readonly [number, string])[] = [
    [written.filter((n) => !arrived.has(n)).length, 'committed and not in the stream'],
    [[...arrived].filter((n) => !expected.has(n)).length, 'in the stream and not committed'],
    [firstArrivalsBehindLater(entries), 'arrived behind a later one of their key'],
  ];
  return counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}

function firstArrivalsBehindLater(entries: readonly PublishedEntry[]): number {
  const seen = new Set<number>();
  const latest = new Map<string, number>();
  let behind = 0;
  for (const { n, key } of entries) {
    if (seen.has(n)) continue;
    seen.add(n);
    if (n < (latest.get(key) ?? 0)) behind += 1;
    else latest.set(key, n);
  }
  return behind;
}

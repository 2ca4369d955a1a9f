import type { Redis } from 'ioredis';
import type { EntryFields } from '../client/bad-messages.js';
import type { DeadLetter } from './auditor.js';

export interface StreamEntry {
  readonly id: string;
  readonly fields: EntryFields;
}

const PAGE = 1_000;

/** All entries of a stream, read in pages. */
export async function readStream(redis: Redis, stream: string): Promise<StreamEntry[]> {
  const entries: StreamEntry[] = [];
  for (let from = '-'; ; from = `(${entries.at(-1)?.id}`) {
    const page = await redis.xrange(stream, from, '+', 'COUNT', PAGE);
    entries.push(...page.map(([id, fields]) => ({ id, fields })));
    if (page.length < PAGE) return entries;
  }
}

/** The dead letters of a stream, as their envelopes tell. */
export async function readDeadLetters(redis: Redis, deadStream: string): Promise<DeadLetter[]> {
  return (await readStream(redis, deadStream)).map(({ fields: [, envelope = '{}'] }) => {
    const { entryId, group } = JSON.parse(envelope) as DeadLetter;
    return { entryId, group };
  });
}

/** Messages of a stream that its groups have not read, or have read and not acknowledged. */
export async function countUnfinished(redis: Redis, stream: string): Promise<number> {
  const [info, groups] = await Promise.all([redis.xinfo('STREAM', stream), redis.xinfo('GROUPS', stream)]);
  const { 'last-generated-id': newest } = toRecord(info);
  return (groups as unknown[]).map(toRecord).reduce((sum, group) => sum + unfinishedOf(group, newest), 0);
}

function unfinishedOf(group: Record<string, unknown>, newest: unknown): number {
  // servers before 7.0 know no lag, and newer ones lose it sometimes; one is then as good as any number above 0
  const unread = group['last-delivered-id'] === newest ? 0 : Math.max(1, Number(group.lag ?? 1));
  return unread + Number(group.pending);
}

function toRecord(reply: unknown): Record<string, unknown> {
  const flat = reply as unknown[];
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1]]));
}

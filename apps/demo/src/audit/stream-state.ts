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

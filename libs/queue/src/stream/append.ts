import {
  BatchPublishError,
  isOutcomeUnknown,
  PublishOutcomeUnknownError,
  type PublishResult,
  QueueError,
} from '../queue.errors.js';
import type { RedisConnection } from './redis-connection.js';
import { parseText } from './stream-entry.js';

/** The one field of the wire format. */
export const DATA_FIELD = 'data';

/** Commands of one pipeline: bounds what is buffered at once. */
const CHUNK = 500;

/** XADD of one entry; returns its id. A lost answer is `PublishOutcomeUnknownError`, never a second attempt. */
export async function appendOne(
  connection: RedisConnection,
  stream: string,
  data: string,
  timeoutMs?: number,
): Promise<string> {
  try {
    return parseText(await connection.command('xadd', [stream, '*', DATA_FIELD, data], timeoutMs), 'XADD');
  } catch (error) {
    throw publishError(stream, error);
  }
}

/** Pipelined XADDs, in order. Throws `BatchPublishError` with what became of each unless all are confirmed. */
export async function appendAll(
  connection: RedisConnection,
  stream: string,
  list: readonly string[],
  timeoutMs?: number,
): Promise<string[]> {
  const results: PublishResult[] = [];
  for (let from = 0; from < list.length; from += CHUNK) {
    results.push(...(await appendChunk(connection, stream, list.slice(from, from + CHUNK), timeoutMs)));
  }
  if (results.some((result) => 'error' in result)) throw new BatchPublishError(stream, results);
  return results.map((result) => (result as { entryId: string }).entryId);
}

async function appendChunk(
  connection: RedisConnection,
  stream: string,
  list: readonly string[],
  timeoutMs: number | undefined,
): Promise<PublishResult[]> {
  try {
    const replies = await connection.commands(
      list.map((data) => ['xadd', stream, '*', DATA_FIELD, data] as const),
      timeoutMs,
    );
    return replies.map((reply) =>
      reply instanceof QueueError ? { error: publishError(stream, reply) } : { entryId: parseText(reply, 'XADD') },
    );
  } catch (error) {
    const failure = publishError(stream, error);
    return list.map(() => ({ error: failure }));
  }
}

function publishError(stream: string, error: unknown): QueueError {
  if (isOutcomeUnknown(error)) return new PublishOutcomeUnknownError(stream, error);
  return error as QueueError;
}

import {
  BatchPublishError,
  PublishOutcomeUnknownError,
  type PublishResult,
  type QueueError,
  RedisConnectionLostError,
  RedisReplyError,
  RedisUnavailableError,
  UnexpectedReplyError,
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
    const reply = await connection.command('xadd', [stream, '*', DATA_FIELD, data], timeoutMs);
    return connection.parse(reply, parseEntryId);
  } catch (error) {
    throw publishError(stream, error);
  }
}

/**
 * Pipelined XADDs, in order, all within `timeoutMs`. After a write without an answer nothing more is sent. Throws
 * `BatchPublishError` with what became of each unless all are confirmed.
 */
export async function appendAll(
  connection: RedisConnection,
  stream: string,
  list: readonly string[],
  timeoutMs: number = connection.timeoutMs,
): Promise<string[]> {
  const endsAt = performance.now() + timeoutMs;
  const results: PublishResult[] = [];
  let isAnswered = true;
  while (isAnswered && results.length < list.length) {
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) break;
    const chunk = list.slice(results.length, results.length + CHUNK);
    const appended = await appendChunk(connection, stream, chunk, leftMs);
    isAnswered = appended.every(wasAnswered);
    results.push(...appended);
  }
  if (results.length < list.length) {
    const error = new RedisUnavailableError('Not sent: the messages before were not confirmed in time.');
    while (results.length < list.length) results.push({ error });
  }
  if (results.some((result) => 'error' in result)) throw new BatchPublishError(stream, results);
  return results.map((result) => (result as { entryId: string }).entryId);
}

function wasAnswered(result: PublishResult): boolean {
  return 'entryId' in result || result.error instanceof RedisReplyError;
}

async function appendChunk(
  connection: RedisConnection,
  stream: string,
  list: readonly string[],
  timeoutMs: number,
): Promise<PublishResult[]> {
  const commands = list.map((data) => ['xadd', stream, '*', DATA_FIELD, data] as const);
  try {
    const results = await connection.commands(commands, timeoutMs);
    return results.map((result) =>
      'error' in result
        ? { error: publishError(stream, result.error) }
        : { entryId: connection.parse(result.reply, parseEntryId) },
    );
  } catch (error) {
    const failure = publishError(stream, error);
    return list.map(() => ({ error: failure }));
  }
}

function parseEntryId(reply: unknown): string {
  return parseText(reply, 'XADD');
}

function publishError(stream: string, error: unknown): QueueError {
  const wasSent = error instanceof RedisConnectionLostError || error instanceof UnexpectedReplyError;
  return wasSent ? new PublishOutcomeUnknownError(stream, error) : (error as QueueError);
}

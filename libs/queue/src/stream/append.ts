import { sleep } from '@safesync/core';
import {
  BatchPublishError,
  PublishOutcomeUnknownError,
  type PublishResult,
  type QueueError,
  RedisClosedError,
  RedisConnectionLostError,
  RedisReplyError,
  RedisUnavailableError,
  UnexpectedReplyError,
} from '../queue.errors.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisCommand } from './redis-socket.js';
import type { Append, ScriptedAppend } from './scripted-append.js';
import { parseText } from './stream-entry.js';

/** The one field of the wire format. */
export const DATA_FIELD = 'data';

/** Commands of one pipeline: bounds what is buffered at once. */
const CHUNK = 500;
/** Text of one pipeline, in characters, unless a single message has more. */
const CHUNK_LENGTH = 4 * 1_048_576;
/** Pause before a repeatable append whose answer was lost is sent again. */
const REPEAT_MS = 50;

/** XADD of one entry; returns its id. A lost answer is `PublishOutcomeUnknownError`, never a second attempt. */
export async function appendOne(
  connection: RedisConnection,
  stream: string,
  data: string,
  timeoutMs?: number,
): Promise<string> {
  try {
    connection.requireAnswers();
    const reply = await connection.command('xadd', [stream, '*', DATA_FIELD, data], timeoutMs);
    return connection.parse(reply, parseEntryId);
  } catch (error) {
    throw publishError(stream, error);
  }
}

/**
 * One append by script, within `timeoutMs`. Once its answer was lost it is sent until it is answered, the time is over or it
 * is repeatable no more; then it is `PublishOutcomeUnknownError`.
 */
export async function appendScripted(
  connection: RedisConnection,
  stream: string,
  append: ScriptedAppend,
  timeoutMs: number = connection.timeoutMs,
): Promise<string> {
  const repeatsUntil = performance.now() + Math.min(timeoutMs, append.repeatableForMs);
  let doubt: PublishOutcomeUnknownError | undefined;
  for (let leftMs = timeoutMs; ; leftMs = repeatsUntil - performance.now()) {
    try {
      connection.requireAnswers();
      const reply = await connection.script(append.script, append.keys, append.args, Math.max(1, leftMs));
      return connection.parse(reply, parseEntryId);
    } catch (error) {
      const failure = publishError(stream, error);
      if (failure instanceof PublishOutcomeUnknownError) doubt = failure;
      // whatever a repetition is refused with says nothing about the append whose answer was lost
      if (doubt === undefined) throw failure;
      if (failure instanceof RedisClosedError || repeatsUntil - performance.now() <= REPEAT_MS) throw doubt;
      await sleep(REPEAT_MS);
    }
  }
}

/**
 * Pipelined appends, in order, all within `timeoutMs`. After a write without an answer nothing more is sent, unless all of it
 * is repeatable: then it is sent again. Throws `BatchPublishError` with what became of each unless all are confirmed.
 */
export async function appendAll(
  connection: RedisConnection,
  stream: string,
  list: readonly Append[],
  timeoutMs: number = connection.timeoutMs,
): Promise<string[]> {
  const endsAt = performance.now() + timeoutMs;
  const results: PublishResult[] = [];
  let isAnswered = true;
  while (isAnswered && results.length < list.length) {
    if (endsAt <= performance.now()) break;
    const appended = await appendSurely(connection, stream, nextChunk(list, results.length), endsAt);
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

function nextChunk(list: readonly Append[], from: number): readonly Append[] {
  let to = from;
  for (let length = 0; to < list.length && to - from < CHUNK; to++) {
    length += lengthOf(list[to] as Append);
    if (length > CHUNK_LENGTH && to > from) break;
  }
  return list.slice(from, to);
}

function lengthOf(append: Append): number {
  return typeof append === 'string' ? append.length : String(append.args[0]).length;
}

/** One chunk; again while answers are missing, there is time, and nothing in it can be appended twice. */
async function appendSurely(
  connection: RedisConnection,
  stream: string,
  chunk: readonly Append[],
  endsAt: number,
): Promise<PublishResult[]> {
  const startedAt = performance.now();
  const results = await appendChunk(connection, stream, chunk, endsAt - startedAt);
  if (!results.some(isInDoubt)) return results;
  const repeatsUntil = Math.min(endsAt, startedAt + Math.min(...chunk.map(repeatableForMs)));
  while (results.some(isInDoubt) && repeatsUntil - performance.now() > REPEAT_MS) {
    await sleep(REPEAT_MS);
    const again = await appendChunk(connection, stream, chunk, Math.max(1, repeatsUntil - performance.now()));
    for (const [index, result] of again.entries()) if ('entryId' in result) results[index] = result;
    if (again.some((result) => 'error' in result && result.error instanceof RedisClosedError)) break;
  }
  return results;
}

function repeatableForMs(append: Append): number {
  return typeof append === 'string' ? 0 : append.repeatableForMs;
}

function isInDoubt(result: PublishResult): boolean {
  return 'error' in result && result.error instanceof PublishOutcomeUnknownError;
}

function wasAnswered(result: PublishResult): boolean {
  return 'entryId' in result || result.error instanceof RedisReplyError;
}

async function appendChunk(
  connection: RedisConnection,
  stream: string,
  list: readonly Append[],
  timeoutMs: number,
): Promise<PublishResult[]> {
  try {
    connection.requireAnswers();
    const results = await connection.commands(commandsOf(stream, list), timeoutMs);
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

/** The first use of a script brings its text, so that none of the others can miss it. */
function commandsOf(stream: string, list: readonly Append[]): RedisCommand[] {
  const known = new Set<string>();
  return list.map((append) => {
    if (typeof append === 'string') return ['xadd', stream, '*', DATA_FIELD, append];
    const { script, keys, args } = append;
    const isKnown = known.has(script.sha);
    known.add(script.sha);
    const call = isKnown ? (['evalsha', script.sha] as const) : (['eval', script.source] as const);
    return [...call, keys.length, ...keys, ...args];
  });
}

export function parseEntryId(reply: unknown): string {
  return parseText(reply, 'XADD');
}

export function publishError(stream: string, error: unknown): QueueError {
  const wasSent = error instanceof RedisConnectionLostError || error instanceof UnexpectedReplyError;
  return wasSent ? new PublishOutcomeUnknownError(stream, error) : (error as QueueError);
}

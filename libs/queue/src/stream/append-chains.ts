import { type PublishResult, RedisReplyError, RedisUnavailableError, UnexpectedReplyError } from '../queue.errors.js';
import { DATA_FIELD, parseEntryId, publishError } from './append.js';
import type { RedisConnection } from './redis-connection.js';
import { translateRedisError } from './redis-reply.js';
import type { CommandResult, RedisCommand } from './redis-socket.js';
import { APPEND_CHAIN_SCRIPT } from './scripts/append-chain.script.js';
import { expectArray, parseText, parseTexts } from './stream-entry.js';

/** Entries, as their data, of which none is appended after one before it was refused. */
export type Chain = readonly string[];

/**
 * Appends chains to a stream in one write: one result for each entry, in order, whatever becomes of the others. Nothing is sent
 * twice; without an answer an entry's error is `PublishOutcomeUnknownError`, behind a refused one `RedisUnavailableError`.
 */
export async function appendChains(
  connection: RedisConnection,
  stream: string,
  chains: readonly Chain[],
  timeoutMs: number = connection.timeoutMs,
): Promise<PublishResult[][]> {
  const endsAt = performance.now() + timeoutMs;
  const results = await send(connection, stream, chains, timeoutMs, evalSha);
  const unknown = [...results.keys()].filter((at) => isScriptUnknown(results[at]));
  if (unknown.length === 0) return results;
  const leftMs = Math.max(1, endsAt - performance.now());
  const again = await send(
    connection,
    stream,
    unknown.map((at) => chains[at] as Chain),
    leftMs,
    evalText,
  );
  for (const [index, at] of unknown.entries()) results[at] = again[index] as PublishResult[];
  return results;
}

type Run = (stream: string, chain: Chain) => RedisCommand;

const evalSha: Run = (stream, chain) => ['evalsha', APPEND_CHAIN_SCRIPT.sha, 1, stream, DATA_FIELD, ...chain];
const evalText: Run = (stream, chain) => ['eval', APPEND_CHAIN_SCRIPT.source, 1, stream, DATA_FIELD, ...chain];

async function send(
  connection: RedisConnection,
  stream: string,
  chains: readonly Chain[],
  timeoutMs: number,
  run: Run,
): Promise<PublishResult[][]> {
  const commands = chains.map(
    (chain): RedisCommand =>
      chain.length === 1 ? ['xadd', stream, '*', DATA_FIELD, chain[0] as string] : run(stream, chain),
  );
  try {
    connection.requireAnswers();
    const answers = await connection.commands(commands, timeoutMs);
    return chains.map((chain, at) => readAnswer(connection, stream, chain, answers[at] as CommandResult));
  } catch (error) {
    const failure = publishError(stream, error);
    return chains.map((chain) => chain.map(() => ({ error: failure })));
  }
}

function readAnswer(connection: RedisConnection, stream: string, chain: Chain, answer: CommandResult): PublishResult[] {
  if ('error' in answer) return fromFirst(chain.length, publishError(stream, answer.error));
  if (chain.length === 1) return [{ entryId: connection.parse(answer.reply, parseEntryId) }];
  const { ids, refusal } = connection.parse(answer.reply, (reply) => parseChain(reply, chain.length));
  const appended = ids.map((entryId): PublishResult => ({ entryId }));
  if (refusal === undefined) return appended;
  const error = translateRedisError({ name: 'ReplyError', message: refusal }, 'XADD', connection.description);
  return [...appended, ...fromFirst(chain.length - ids.length, error)];
}

/** An error of the first of so many entries: those behind it were not sent. */
function fromFirst(count: number, error: PublishError): PublishResult[] {
  if (!(error instanceof RedisReplyError)) return Array.from({ length: count }, () => ({ error }));
  const behind = (): PublishResult => ({ error: new RedisUnavailableError('Not sent: the entry before was refused.') });
  return Array.from({ length: count }, (_, at) => (at === 0 ? { error } : behind()));
}

type PublishError = Extract<PublishResult, { error: unknown }>['error'];

function parseChain(reply: unknown, length: number): { ids: string[]; refusal: string | undefined } {
  const [appended, reason] = expectArray(reply, 'EVALSHA', 'the ids of a chain');
  const ids = parseTexts(appended);
  const isRefused = reason !== undefined && reason !== null;
  if (!isRefused && ids.length !== length) throw new UnexpectedReplyError('EVALSHA', 'an id for each entry');
  return { ids, refusal: isRefused ? parseText(reason, 'EVALSHA') : undefined };
}

/** The script is told once; nothing of it has run. */
function isScriptUnknown(results: readonly PublishResult[] | undefined): boolean {
  const first = results?.[0];
  return (
    first !== undefined &&
    'error' in first &&
    first.error instanceof RedisReplyError &&
    first.error.replyCode === 'NOSCRIPT'
  );
}

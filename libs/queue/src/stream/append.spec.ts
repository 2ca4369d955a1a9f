import type { BatchPublishError } from '../queue.errors.js';
import { RedisConnectionLostError, RedisReplyError } from '../queue.errors.js';
import { appendAll } from './append.js';
import type { RedisConnection } from './redis-connection.js';
import type { CommandResult, RedisCommand } from './redis-socket.js';

type Answer = (commands: readonly RedisCommand[]) => CommandResult[];

function redis(...answers: Answer[]) {
  const calls: { readonly size: number; readonly timeoutMs: number }[] = [];
  const connection = {
    timeoutMs: 5_000,
    requireAnswers: () => undefined,
    commands: async (commands: readonly RedisCommand[], timeoutMs: number) => {
      calls.push({ size: commands.length, timeoutMs });
      return (answers[calls.length - 1] ?? confirm)(commands);
    },
    parse: (reply: unknown, parser: (reply: unknown) => unknown) => parser(reply),
  };
  return { calls, connection: connection as unknown as RedisConnection };
}

const confirm: Answer = (commands) => commands.map(() => ({ reply: Buffer.from('1-0') }));
const refuse: Answer = (commands) => commands.map(() => ({ error: new RedisReplyError('XADD', 'OOM', 'OOM', '') }));
const lose: Answer = () => {
  throw new RedisConnectionLostError('No answer.');
};
const messages = Array.from({ length: 1_200 }, () => '{}');

async function codesOf(connection: RedisConnection): Promise<string[]> {
  const error = await appendAll(connection, 's', messages).catch((thrown: unknown) => thrown);
  return (error as BatchPublishError).results.map((result) => ('error' in result ? result.error.code : 'published'));
}

describe('appendAll', () => {
  it('has one deadline for all parts', async () => {
    const { calls, connection } = redis();
    await expect(appendAll(connection, 's', messages)).resolves.toHaveLength(1_200);
    expect(calls.map(({ size }) => size)).toEqual([500, 500, 200]);
    expect(calls.every(({ timeoutMs }, index) => timeoutMs <= (calls[index - 1]?.timeoutMs ?? 5_000))).toBe(true);
  });

  it('sends parts that are bounded in length too, a single long one by itself', async () => {
    const { calls, connection } = redis();
    const long = 'x'.repeat(3 * 1_048_576);
    await appendAll(connection, 's', ['{}', long, '{}', long, `${long}${long}`, '{}']);
    expect(calls.map(({ size }) => size)).toEqual([3, 1, 1, 1]);
  });

  it('sends nothing after a part without an answer, and says so', async () => {
    const { calls, connection } = redis(confirm, lose);
    const codes = await codesOf(connection);
    expect(calls).toHaveLength(2);
    expect([codes[499], codes[500], codes[999], codes[1_000], codes[1_199]]).toEqual([
      'published',
      'PUBLISH_OUTCOME_UNKNOWN',
      'PUBLISH_OUTCOME_UNKNOWN',
      'REDIS_UNAVAILABLE',
      'REDIS_UNAVAILABLE',
    ]);
  });

  it('goes on after a refusal, which is an answer', async () => {
    const { calls, connection } = redis(refuse);
    const codes = await codesOf(connection);
    expect(calls).toHaveLength(3);
    expect([codes[0], codes[500]]).toEqual(['REDIS_REPLY', 'published']);
  });
});

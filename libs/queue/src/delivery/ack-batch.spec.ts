import { RedisConnectionLostError, RedisUnavailableError } from '../queue.errors.js';
import type { FencedOutcome } from '../stream/redis-stream.js';
import { type AckAnswer, AckBatch } from './ack-batch.js';
import { HeldEntry } from './held-entry.js';

/** A Redis that answers when the test says so. */
class SlowRedis {
  readonly calls: {
    readonly ids: string[];
    readonly answer: (outcomes: FencedOutcome[]) => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  ack(entries: readonly { id: string }[]): Promise<FencedOutcome[]> {
    return new Promise((resolve, reject) => {
      this.calls.push({ ids: entries.map(({ id }) => id), answer: resolve, fail: reject });
    });
  }
}

const held = (id: string): HeldEntry => new HeldEntry({ id, fields: [], deliveryCount: 1 });
const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
const never = new AbortController().signal;

describe('AckBatch', () => {
  let redis: SlowRedis;
  let answers: [string, FencedOutcome][];
  let log: string[];
  let batch: AckBatch;
  beforeEach(() => {
    redis = new SlowRedis();
    answers = [];
    log = [];
    const say = (line: string): void => void log.push(line);
    const onAnswers = (list: readonly AckAnswer[]): void => {
      for (const { held: entry, outcome } of list) answers.push([entry.id, outcome]);
    };
    batch = new AckBatch(redis, onAnswers, { log: say, warn: say, error: say }, 'Acks');
  });

  it('sends the first at once, and what came meanwhile together', async () => {
    for (const id of ['1-0', '2-0', '3-0']) batch.add(held(id));
    expect(redis.calls.map(({ ids }) => ids)).toEqual([['1-0']]);
    redis.calls[0]?.answer(['done']);
    await settled();
    expect(redis.calls.map(({ ids }) => ids)).toEqual([['1-0'], ['2-0', '3-0']]);
    redis.calls[1]?.answer(['done', 'notMine']);
    await batch.flush(never);
    expect(answers).toEqual([
      ['1-0', 'done'],
      ['2-0', 'done'],
      ['3-0', 'notMine'],
    ]);
    expect(batch.size).toBe(0);
  });

  it('marks an entry committed before anything is sent', () => {
    const entry = held('1-0');
    batch.add(entry);
    expect(entry.state).toBe('committed');
  });

  it('repeats a call that failed until it is answered, and says so once', async () => {
    batch.add(held('1-0'));
    for (let i = 0; i < 3; i++) {
      redis.calls[i]?.fail(new Error('Redis is away.'));
      while (redis.calls.length < i + 2) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(batch.size).toBe(1);
    redis.calls[3]?.answer(['done']);
    await batch.flush(never);
    expect(answers).toEqual([['1-0', 'done']]);
    expect(log).toHaveLength(2);
  });

  it('takes "not pending" for done only after a call without an answer', async () => {
    batch.add(held('1-0'));
    redis.calls[0]?.answer(['notPending']);
    await batch.flush(never);
    batch.add(held('2-0'));
    redis.calls[1]?.fail(new RedisConnectionLostError('The answer was lost.'));
    while (redis.calls.length < 3) await new Promise((resolve) => setImmediate(resolve));
    redis.calls[2]?.answer(['notPending']);
    await batch.flush(never);
    expect(answers).toEqual([
      ['1-0', 'notPending'],
      ['2-0', 'done'],
    ]);
  });

  it('does not take a refused call for one whose answer was lost', async () => {
    batch.add(held('1-0'));
    redis.calls[0]?.fail(new RedisUnavailableError('Not sent.'));
    while (redis.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    redis.calls[1]?.answer(['notPending']);
    await batch.flush(never);
    expect(answers).toEqual([['1-0', 'notPending']]);
  });

  it('stops repeating when flushed with a signal that aborts, and knows what is left', async () => {
    const time = new AbortController();
    batch.add(held('1-0'));
    const flushed = batch.flush(time.signal);
    redis.calls[0]?.fail(new Error('Redis is away.'));
    time.abort();
    await flushed;
    expect(batch.size).toBe(1);
    expect(answers).toEqual([]);
  });
});

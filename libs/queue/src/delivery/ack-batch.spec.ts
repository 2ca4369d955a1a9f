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
const never = new AbortController().signal;

describe('AckBatch', () => {
  let redis: SlowRedis;
  let answers: [string, FencedOutcome][];
  let log: string[];
  let batch: AckBatch;
  /** Waits for the call with this number, from 1 on. */
  const sent = async (count: number): Promise<void> => {
    while (redis.calls.length < count) await new Promise(setImmediate);
  };

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

  it('sends together what a turn of the event loop has brought, and what came while that was on its way', async () => {
    for (const id of ['1-0', '2-0']) batch.add(held(id));
    expect(redis.calls).toEqual([]);
    await sent(1);
    for (const id of ['3-0', '4-0']) batch.add(held(id));
    redis.calls[0]?.answer(['done', 'done']);
    await sent(2);
    expect(redis.calls.map(({ ids }) => ids)).toEqual([
      ['1-0', '2-0'],
      ['3-0', '4-0'],
    ]);
    redis.calls[1]?.answer(['done', 'notMine']);
    await batch.flush(never);
    expect(answers).toEqual([
      ['1-0', 'done'],
      ['2-0', 'done'],
      ['3-0', 'done'],
      ['4-0', 'notMine'],
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
    for (let call = 0; call < 3; call++) {
      await sent(call + 1);
      redis.calls[call]?.fail(new Error('Redis is away.'));
    }
    await sent(4);
    expect(batch.size).toBe(1);
    redis.calls[3]?.answer(['done']);
    await batch.flush(never);
    expect(answers).toEqual([['1-0', 'done']]);
    expect(log).toHaveLength(2);
  });

  it('takes "not pending" for done only after a call without an answer', async () => {
    batch.add(held('1-0'));
    await sent(1);
    redis.calls[0]?.answer(['notPending']);
    await batch.flush(never);
    batch.add(held('2-0'));
    await sent(2);
    redis.calls[1]?.fail(new RedisConnectionLostError('The answer was lost.'));
    await sent(3);
    redis.calls[2]?.answer(['notPending']);
    await batch.flush(never);
    expect(answers).toEqual([
      ['1-0', 'notPending'],
      ['2-0', 'done'],
    ]);
  });

  it('does not take a refused call for one whose answer was lost', async () => {
    batch.add(held('1-0'));
    await sent(1);
    redis.calls[0]?.fail(new RedisUnavailableError('Not sent.'));
    await sent(2);
    redis.calls[1]?.answer(['notPending']);
    await batch.flush(never);
    expect(answers).toEqual([['1-0', 'notPending']]);
  });

  it('stops repeating when flushed with a signal that aborts, and knows what is left', async () => {
    const time = new AbortController();
    batch.add(held('1-0'));
    const flushed = batch.flush(time.signal);
    await sent(1);
    redis.calls[0]?.fail(new Error('Redis is away.'));
    time.abort();
    await flushed;
    expect(batch.size).toBe(1);
    expect(answers).toEqual([]);
  });
});

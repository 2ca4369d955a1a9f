import {
  PayloadNotSerializableError,
  type QueueConfigInput,
  QueueError,
  type QueueMessage,
  RedisConnection,
  RedisStreamsQueue,
} from '@safesync/queue';
import { createTestRedis } from '../support/redis.js';

const redis = createTestRedis();
const connection = new RedisConnection(redis.url);
const opened: RedisStreamsQueue[] = [];
let name: string;

beforeEach(() => {
  name = redis.key('s');
});

afterEach(() => {
  for (const queue of opened.splice(0)) queue.close();
});

afterAll(async () => {
  connection.close();
  await redis.close();
});

async function queueOf(consumerName = 'c', options: Partial<QueueConfigInput> = {}): Promise<RedisStreamsQueue> {
  const config = { streamKey: name, consumerGroup: 'g', consumerName, ...options };
  const queue = await RedisStreamsQueue.create(connection, config);
  opened.push(queue);
  return queue;
}

async function pendingIds(): Promise<string[]> {
  return ((await redis.client.xpending(name, 'g', '-', '+', 100)) as [string][]).map(([id]) => id);
}

const idsOf = (messages: readonly QueueMessage[]): string[] => messages.map(({ id }) => id);

describe('Q1 creating a queue', () => {
  it('creates stream and group, and once more is no error', async () => {
    await queueOf();
    await queueOf();
    expect(await redis.client.xinfo('GROUPS', name)).toHaveLength(1);
  });

  it('sees the whole history of a stream with a new group', async () => {
    const id = await redis.client.xadd(name, '*', 'data', '{"a":1}');
    expect(idsOf(await (await queueOf()).read(1_000, 10))).toEqual([id]);
  });

  it('without Redis is a QueueError', async () => {
    const nowhere = new RedisConnection('redis://127.0.0.1:1', { commandTimeoutMs: 100 });
    const attempt = RedisStreamsQueue.create(nowhere, { streamKey: name, consumerGroup: 'g', consumerName: 'c' });
    await expect(attempt).rejects.toThrow(QueueError);
    await expect(attempt).rejects.toThrow('Failed to create consumer group "g"');
    nowhere.close();
  });

  it('on a key of another kind is a QueueError', async () => {
    await redis.client.set(name, 'text');
    await expect(queueOf()).rejects.toMatchObject({ cause: { replyCode: 'WRONGTYPE' } });
  });
});

describe('Q2 enqueue', () => {
  it('returns distinct ids, and payloads come back whole', async () => {
    const queue = await queueOf();
    const payloads = [{ n: 1 }, { deep: { list: [1, { a: null }], text: 'Zürich' } }, { big: 2n ** 70n }];
    const ids: string[] = [];
    for (const payload of payloads) ids.push(await queue.enqueue(payload));
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => /^\d+-\d+$/.test(id))).toBe(true);
    expect(await queue.read(1_000, 10)).toEqual(
      payloads.map((payload, i) => ({ stream: name, group: 'g', id: ids[i], payload })),
    );
  });

  it('does not insist on an object at the top', async () => {
    const queue = await queueOf();
    await queue.enqueueMany(['text', 1, null, [1, 2], true]);
    expect((await queue.read(1_000, 10)).map(({ payload }) => payload)).toEqual(['text', 1, null, [1, 2], true]);
  });

  it('refuses what JSON cannot carry, and sends nothing', async () => {
    const queue = await queueOf();
    await expect(queue.enqueue({ f: () => 1 })).rejects.toThrow('Payload is not JSON-serializable');
    await expect(queue.enqueueMany([{ a: 1 }, { f: undefined }])).rejects.toThrow(PayloadNotSerializableError);
    await expect(queue.enqueue({ __safesync: {} })).rejects.toThrow(PayloadNotSerializableError);
    expect(await redis.client.xlen(name)).toBe(0);
  });
});

describe('Q3 read', () => {
  it('of an empty stream waits and returns nothing', async () => {
    const queue = await queueOf();
    expect(await queue.read(100)).toEqual([]);
    expect(await queue.read(1)).toEqual([]);
  });

  it.each([
    [0, 1, 'block_ms cannot be 0'],
    [-1, 1, 'blockMs must be an integer >= 1'],
    [1.5, 1, 'blockMs must be an integer >= 1'],
    [10, 0, 'count must be an integer >= 1'],
  ])('with block %s and count %s is a QueueError', async (blockMs, count, fault) => {
    const read = (await queueOf()).read(blockMs, count);
    await expect(read).rejects.toThrow(QueueError);
    await expect(read).rejects.toThrow(fault);
  });
});

it('Q4 read returns at most count messages', async () => {
  const queue = await queueOf();
  await queue.enqueueMany([1, 2, 3, 4, 5]);
  expect(await queue.read(1_000, 2)).toHaveLength(2);
  expect(await queue.read(1_000)).toHaveLength(1);
});

describe('Q5 ack', () => {
  it('takes a message out of the pending ones', async () => {
    const queue = await queueOf();
    await queue.enqueue({});
    const [message] = (await queue.read(1_000)) as [QueueMessage];
    expect(await pendingIds()).toEqual([message.id]);
    expect(await queue.ack(message)).toBe(true);
    expect(await pendingIds()).toEqual([]);
  });

  it('twice, of an unknown message, and by somebody else is no error', async () => {
    const queue = await queueOf();
    const other = await queueOf('other');
    await queue.enqueue({});
    const [message] = (await queue.read(1_000)) as [QueueMessage];
    expect(await other.ack(message)).toBe(true);
    expect(await queue.ack(message)).toBe(false);
    expect(await queue.ack({ id: '1-1' })).toBe(false);
  });
});

describe('Q6 an entry that is not exactly one field data', () => {
  it.each([
    ['without it', ['other', '{}']],
    ['with another', ['data', '{}', 'extra', '1']],
    ['named differently', ['Data', '{}']],
  ])('(%s) fails the read, its neighbours then being pending', async (_name, fields) => {
    const queue = await queueOf();
    await queue.enqueue({});
    await redis.client.xadd(name, '*', ...fields);
    const read = queue.read(1_000, 10);
    await expect(read).rejects.toThrow(QueueError);
    await expect(read).rejects.toThrow('Invalid stream entry format');
    expect(await pendingIds()).toHaveLength(2);
    await expect(queue.claimStale(0)).rejects.toThrow('Invalid stream entry format');
  });

  it('whose content is not JSON fails the read', async () => {
    const queue = await queueOf();
    await redis.client.xadd(name, '*', 'data', '{"a":NaN}');
    await expect(queue.read(1_000)).rejects.toThrow('Failed to decode message payload: not valid JSON');
  });
});

describe('Q7 claimStale', () => {
  async function held(
    count = 1,
    options?: Partial<QueueConfigInput>,
  ): Promise<{ by: RedisStreamsQueue; messages: QueueMessage[] }> {
    const by = await queueOf('a', options);
    await by.enqueueMany(Array.from({ length: count }, (_, n) => ({ n })));
    return { by, messages: await by.read(1_000, count) };
  }

  it('finds nothing when nothing is pending', async () => {
    expect(await (await queueOf()).claimStale(0)).toEqual([]);
  });

  it('takes over what another consumer left, with its payload', async () => {
    const { messages } = await held();
    await redis.client.xclaim(name, 'g', 'a', 0, ...idsOf(messages), 'IDLE', 50, 'JUSTID');
    expect(await (await queueOf('b')).claimStale(50)).toEqual(messages);
    expect(await redis.client.xpending(name, 'g', '-', '+', 1, 'b')).toHaveLength(1);
  });

  it('leaves what is not idle long enough', async () => {
    await held();
    expect(await (await queueOf('b')).claimStale(100_000)).toEqual([]);
  });

  it('takes at most count', async () => {
    await held(5);
    expect(await (await queueOf('b')).claimStale(0, 2)).toHaveLength(2);
    expect(await (await queueOf('b')).claimStale(0, 0)).toEqual([]);
  });

  it('claims own messages too, unless told not to', async () => {
    const { by, messages } = await held(2);
    expect(await by.claimStale(0)).toEqual(messages);
    const strict = await queueOf('a', { claimSkipOwnMessages: true });
    expect(await strict.claimStale(0)).toEqual([]);
    expect(await (await queueOf('b', { claimSkipOwnMessages: true })).claimStale(0)).toEqual(messages);
  });

  it('reaches a stale message behind many fresh ones', async () => {
    const { messages } = await held(1_000);
    const last = messages[999] as QueueMessage;
    await redis.client.xclaim(name, 'g', 'a', 0, last.id, 'IDLE', 60_000, 'JUSTID');
    expect(await (await queueOf('b')).claimStale(50_000, 1)).toEqual([last]);
  });

  it('leaves the liveness of consumers alone', async () => {
    await held();
    await (await queueOf('b')).claimStale(0);
    expect(await redis.client.exists(`${name}:alive:g`)).toBe(0);
  });

  it.each([
    [-1, 1, 'minIdleMs must be an integer >= 0'],
    [0, -1, 'count must be an integer >= 0'],
  ])('with idle %s and count %s is a QueueError', async (minIdleMs, count, fault) => {
    await expect((await queueOf()).claimStale(minIdleMs, count)).rejects.toThrow(fault);
  });
});

describe('closing', () => {
  it('ends what the queue opened and leaves a given connection alone', async () => {
    const own = await RedisStreamsQueue.create(redis.url, { streamKey: name, consumerGroup: 'g', consumerName: 'c' });
    own.close();
    await expect(own.enqueue({})).rejects.toMatchObject({ code: 'REDIS_CLOSED' });
    (await queueOf()).close();
    await connection.ping();
  });
});

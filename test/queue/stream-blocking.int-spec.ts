import { RedisConnection, RedisConnectionLostError, RedisStream, UnexpectedReplyError } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { createTestRedis } from '../support/redis.js';
import { isBlocked, named } from './stream-blocked.js';
import { CLOSE, FakeRedis, type Reaction } from './stream-fake-redis.js';

const ENTRY = '*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$4\r\ndata\r\n$2\r\n{}\r\n';
const NOTHING = '*-1\r\n';
/** Longer than any test: a read that ends has not ended because its time was over. */
const LONG_MS = 600_000;

describe('against a server that misbehaves', () => {
  let fake: FakeRedis;
  let connection: RedisConnection;
  let stream: RedisStream;

  async function start(...answers: Reaction[]): Promise<void> {
    fake = await FakeRedis.start((command, _args, n) => (command === 'xreadgroup' ? answers[n - 1] : undefined));
    connection = new RedisConnection(fake.url);
    stream = new RedisStream(connection, { stream: 's', group: 'g', consumer: 'c' });
  }

  afterEach(async () => {
    connection.close();
    await fake.stop();
  });

  it('an empty answer before BLOCK has passed replaces the socket and asks for a drain', async () => {
    await start(NOTHING, ENTRY);
    const before = stream.epoch;
    expect(await stream.readNew(1, LONG_MS)).toEqual([]);
    expect(stream.epoch).toBeGreaterThan(before);
    expect(await stream.readNew(1, LONG_MS)).toMatchObject([{ id: '1-1' }]);
    expect(fake.connections).toBe(2);
  });

  it('an empty answer after BLOCK keeps the socket', async () => {
    await start(NOTHING, undefined);
    const before = stream.epoch;
    // less than the tolerance between two clocks
    expect(await stream.readNew(1, 20)).toEqual([]);
    expect(await stream.readNew(1, 20)).toEqual([]);
    expect(stream.epoch).toBe(before);
    expect(fake.connections).toBe(1);
  });

  it('no answer within BLOCK and grace gives the socket up', async () => {
    await start(undefined, ENTRY);
    const reader = connection.blockingReader(50);
    await expect(reader.read(['xreadgroup', 'x'], 50, () => [])).rejects.toThrow(RedisConnectionLostError);
    expect(reader.epoch).toBe(1);
    await reader.read(['xreadgroup', 'x'], 50, () => []);
    expect(fake.connections).toBe(2);
  });

  it('a lost read asks for a second drain when the server may no longer answer it', async () => {
    await start(CLOSE);
    const blockMs = 150;
    await expect(stream.readNew(1, blockMs)).rejects.toThrow(RedisConnectionLostError);
    const atOnce = stream.epoch;
    expect(atOnce).toBe(1);
    await eventually(() => stream.epoch === atOnce + 1, { what: 'the second drain' });
  });

  it('a reply of an impossible shape is an error and replaces the socket', async () => {
    await start('*1\r\n:5\r\n', ENTRY);
    await expect(stream.readNew(1, LONG_MS)).rejects.toThrow(UnexpectedReplyError);
    expect(stream.epoch).toBe(1);
    expect(await stream.readNew(1, LONG_MS)).toHaveLength(1);
  });

  it('a refusal keeps the socket', async () => {
    await start('-NOGROUP No such key\r\n');
    await expect(stream.readNew(1, LONG_MS)).rejects.toMatchObject({ code: 'GROUP_MISSING' });
    expect(stream.epoch).toBe(0);
  });

  it('an interrupted read returns nothing at once, and nothing of it is sent later', async () => {
    await start(undefined, ENTRY);
    const read = stream.readNew(1, LONG_MS);
    await eventually(() => fake.count('xreadgroup') === 1, { what: 'the read to block' });
    stream.interrupt();
    expect(await read).toEqual([]);
    expect(stream.epoch).toBe(1);
    expect(fake.connections).toBe(1);
    expect(await stream.readNew(1, LONG_MS)).toHaveLength(1);
    expect(fake.connections).toBe(2);
  });

  it('an interruption while it still connects sends no read', async () => {
    await start();
    fake.reactWith((command) => (command === 'info' ? '' : undefined));
    const read = stream.readNew(1, LONG_MS);
    await eventually(() => fake.connections === 1, { what: 'the connection' });
    stream.interrupt();
    expect(await read).toEqual([]);
    connection.close();
    expect(fake.count('xreadgroup')).toBe(0);
  });

  it('refuses BLOCK 0 and a second read at the same time', async () => {
    await start(undefined);
    await expect(stream.readNew(1, 0)).rejects.toThrow('blockMs must be an integer >= 1');
    const read = stream.readNew(1, LONG_MS);
    await expect(stream.readNew(1, LONG_MS)).rejects.toMatchObject({ code: 'READ_IN_PROGRESS' });
    stream.interrupt();
    await read;
  });
});

describe('against a real server', () => {
  const redis = createTestRedis();
  const connectionName = redis.key('reader');
  const connection = new RedisConnection(named(redis.url, connectionName));
  afterAll(async () => {
    connection.close();
    await redis.close();
  });

  it('a blocked read does not hold up commands', async () => {
    const stream = new RedisStream(connection, { stream: redis.key('s'), group: 'g', consumer: 'c' });
    await stream.ensureGroup();
    const read = stream.readNew(1, LONG_MS);
    await eventually(() => isBlocked(redis.client, connectionName), { what: 'the read to block' });
    const id = await stream.add('{}');
    expect(await read).toMatchObject([{ id, deliveryCount: 1 }]);
    stream.close();
  });

  it.each(['block', 'streams', 'count', 'STREAMS', 'BLOCK'])('names like "%s" are names', async (word) => {
    const name = `${redis.key('')}${word}`;
    const stream = new RedisStream(connection, { stream: name, group: word, consumer: word });
    await stream.ensureGroup();
    await stream.add('{}');
    expect(await stream.readNew(5, 1_000)).toHaveLength(1);
    expect(await stream.readNew(5, 20)).toEqual([]);
    expect((await stream.claimStale({ livenessMs: 1_000, count: 1 })).isAlive).toBe(true);
    expect((await stream.pendingSummary()).consumers).toEqual([{ name: word, count: 1 }]);
    stream.close();
  });

  it('waits out BLOCK on an empty stream', async () => {
    const stream = new RedisStream(connection, { stream: redis.key('s'), group: 'g', consumer: 'c' });
    await stream.ensureGroup();
    expect(await stream.readNew(1, 120)).toEqual([]);
    expect(stream.epoch).toBe(0);
    stream.close();
  });
});

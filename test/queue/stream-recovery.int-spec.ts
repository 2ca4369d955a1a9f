import {
  PublishOutcomeUnknownError,
  RedisConnection,
  RedisConnectionLostError,
  RedisStream,
  type StreamEntry,
  StreamPublisher,
} from '@safesync/queue';
import { eventually, TcpProxy } from '@safesync/testing';
import { Redis } from 'ioredis';
import { createTestRedis } from '../support/redis.js';
import { isBlocked, named } from './stream-blocked.js';

const redis = createTestRedis();
/** Longer than any test: what ends earlier has not ended because its time was over. */
const LONG_MS = 600_000;
const { hostname: host, port } = new URL(redis.url);
let proxy: TcpProxy;
let connection: RedisConnection;
let stream: RedisStream;
let name: string;

beforeEach(async () => {
  name = redis.key('s');
  await redis.client.xgroup('CREATE', name, 'g', '0', 'MKSTREAM');
  proxy = await TcpProxy.start({ host, port: Number(port) });
  connection = new RedisConnection(named(proxy.url(redis.url), name));
  stream = new RedisStream(connection, { stream: name, group: 'g', consumer: 'c' });
});

afterEach(async () => {
  connection.close();
  await proxy.stop();
});

afterAll(() => redis.close());

const publish = (): Promise<string> => redis.client.xadd(name, '*', 'data', '{}') as Promise<string>;
const pendingCount = async (): Promise<number> => ((await redis.client.xpending(name, 'g')) as [number])[0];

/** The read has reached the server and waits there. */
async function blockedRead(blockMs = LONG_MS): Promise<{ read: Promise<StreamEntry[]> }> {
  const read = stream.readNew(10, blockMs);
  read.catch(() => undefined);
  await eventually(() => isBlocked(redis.client, name), { what: 'the read to block' });
  return { read };
}

describe('an entry delivered to a socket that dies', () => {
  it('is pending under the own name, and the drain after the change of epoch finds it', async () => {
    const lost = proxy.trapRequest('xreadgroup', 'lose-reply');
    const { read } = await blockedRead();
    const epoch = stream.epoch;
    const id = await publish();
    await lost;
    await expect(read).rejects.toThrow(RedisConnectionLostError);
    expect(stream.epoch).toBeGreaterThan(epoch);
    // negative control: no read for new entries ever returns it
    expect(await stream.readNew(10, 60)).toEqual([]);
    expect((await stream.readOwnPending('0-0', 10)).entries).toMatchObject([{ id, deliveryCount: 2 }]);
  });

  it('is found the same way when the read was interrupted', async () => {
    const { read } = await blockedRead();
    proxy.silence();
    const id = await publish();
    await eventually(async () => (await pendingCount()) === 1, { what: 'the delivery' });
    stream.interrupt();
    expect(await read).toEqual([]);
    proxy.heal();
    expect((await stream.readOwnPending('0-0', 10)).entries).toMatchObject([{ id }]);
  });

  it('is found after the watchdog gave up a silent socket', async () => {
    const { read } = await blockedRead(1_000);
    proxy.silence();
    const id = await publish();
    await expect(read).rejects.toThrow(RedisConnectionLostError);
    expect(stream.epoch).toBe(1);
    proxy.heal();
    expect((await stream.readOwnPending('0-0', 10)).entries).toMatchObject([{ id }]);
  });
});

describe('a cut', () => {
  it('fails what is in flight, and everything works again by itself', async () => {
    await connection.ping();
    const { read } = await blockedRead();
    proxy.cut();
    await expect(read).rejects.toThrow(RedisConnectionLostError);
    const id = await stream.add('{}');
    expect(await stream.readNew(1, LONG_MS)).toMatchObject([{ id }]);
  });

  it('between the XADD and its answer leaves one entry and an unknown outcome', async () => {
    const publisher = new StreamPublisher(connection);
    await publisher.publish(name, { n: 1 });
    const lost = proxy.trapRequest('xadd', 'lose-reply');
    const second = publisher.publish(name, { n: 2 });
    await expect(second).rejects.toThrow(PublishOutcomeUnknownError);
    await lost;
    await connection.ping();
    expect(await redis.client.xlen(name)).toBe(2);
  });

  it('negative control: ioredis by itself publishes twice', async () => {
    const client = new Redis(proxy.url(redis.url), { retryStrategy: () => 1 });
    client.on('error', () => undefined);
    await client.xadd(name, '*', 'data', '1');
    const lost = proxy.trapRequest('xadd', 'lose-reply');
    await client.xadd(name, '*', 'data', '2');
    await lost;
    expect(await redis.client.xlen(name)).toBe(3);
    client.disconnect();
  });

  it('by CLIENT KILL is healed the same way', async () => {
    const id = Number(await connection.command('client', ['ID']));
    await redis.client.client('KILL', 'ID', id);
    await eventually(() => connection.ping().then(() => true), { what: 'a new connection' });
    expect(Number(await connection.command('client', ['ID']))).not.toBe(id);
  });
});

describe('a vanished stream', () => {
  it('ends a blocked read with GroupMissingError; once created again, what was published meanwhile is read', async () => {
    const { read } = await blockedRead();
    await redis.client.del(name);
    await expect(read).rejects.toMatchObject({ code: 'GROUP_MISSING' });
    const id = await publish();
    await expect(stream.readNew(1, LONG_MS)).rejects.toMatchObject({ code: 'GROUP_MISSING' });
    expect(await stream.ensureGroup('0')).toBe(true);
    expect(await stream.readNew(1, LONG_MS)).toMatchObject([{ id }]);
    expect(stream.epoch).toBe(0);
  });

  it('negative control: a group created again at the end of the stream loses it', async () => {
    await redis.client.del(name);
    await publish();
    expect(await stream.ensureGroup('$')).toBe(true);
    expect(await stream.readNew(1, 60)).toEqual([]);
  });
});

describe('users with few rights', () => {
  const user = `t_${Math.random().toString(36).slice(2)}`;
  let limited: RedisConnection;
  afterEach(() => limited.close());
  afterAll(() => redis.client.call('ACL', 'DELUSER', user));

  async function connectAs(...rules: string[]): Promise<void> {
    await redis.client.call('ACL', 'SETUSER', user, 'reset', 'on', '>hunter2', ...rules);
    const url = new URL(redis.url);
    url.username = user;
    url.password = 'hunter2';
    limited = new RedisConnection(url.href, { commandTimeoutMs: 2_000 });
  }

  it('a dead letter that cannot be written leaves its message pending', async () => {
    await connectAs('~*', '+@all', '-xadd');
    const consumer = new RedisStream(limited, { stream: name, group: 'g', consumer: 'c' });
    await publish();
    const [entry] = await consumer.readNew(1, 1_000);
    const refused = consumer.deadLetter(entry as StreamEntry, '{}');
    await expect(refused).rejects.toMatchObject({ code: 'REDIS_REPLY', replyCode: 'NOPERM' });
    expect(await pendingCount()).toBe(1);
    expect(await consumer.ack([entry as StreamEntry])).toEqual(['done']);
  });

  it('the least rights of a producer are XADD on its stream', async () => {
    await connectAs(`~${name}`, '-@all', '+auth', '+ping', '+info', '+xadd');
    await new StreamPublisher(limited).publish(name, { a: 1 });
    await expect(new StreamPublisher(limited).publish('elsewhere', { a: 1 })).rejects.toMatchObject({
      replyCode: 'NOPERM',
    });
  });

  it('the least rights of a consumer are these', async () => {
    const rules =
      'auth ping info xadd xgroup|create xgroup|delconsumer xreadgroup xclaim xpending xack xinfo|groups xlen'.split(
        ' ',
      );
    const more = 'eval evalsha time zadd zrem zrangebyscore hexists'.split(' ');
    await connectAs(`~${name}*`, '-@all', ...[...rules, ...more].map((command) => `+${command}`));
    const consumer = new RedisStream(limited, { stream: name, group: 'g2', consumer: 'c' });
    await consumer.ensureGroup();
    await consumer.addMany(['0', '1', '2', '3']);
    await consumer.claimStale({ livenessMs: LONG_MS, count: 5, sweep: { idleMs: 1, cursor: '-' } });
    const [first, second, third] = (await consumer.readNew(3, 1_000)) as [StreamEntry, StreamEntry, StreamEntry];
    await consumer.renew([first]);
    expect(await consumer.ack([first])).toEqual(['done']);
    expect(await consumer.deadLetter(second, '{}')).toBe('done');
    expect(await consumer.reclaim(third)).toMatchObject({ deliveryCount: 2 });
    expect(await consumer.giveBack([{ ...third, deliveryCount: 2 }])).toEqual(['done']);
    expect((await consumer.readOwnPending('0-0', 5)).entries).toHaveLength(1);
    expect((await consumer.claimIdle(0, 5, false)).entries).toHaveLength(1);
    expect(await consumer.pendingSummary()).toMatchObject({ count: 1 });
    expect(await consumer.groupInfo()).toMatchObject({ pending: 1 });
    expect(await consumer.leave()).toBe(false);
  });
});

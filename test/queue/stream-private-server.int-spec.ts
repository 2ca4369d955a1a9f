import {
  RedisConnection,
  RedisConnectionLostError,
  RedisStream,
  type StreamEntry,
  StreamPublisher,
} from '@safesync/queue';
import { eventually, type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { Redis } from 'ioredis';
import { isBlocked, named } from './stream-blocked.js';

/** Longer than any test: what ends earlier has not ended because its time was over. */
const LONG_MS = 600_000;
let servers: Servers;
let server: ManagedServer;
let admin: Redis;
let connection: RedisConnection;
let stream: RedisStream;

beforeAll(async () => {
  servers = await startServers({ mysql: false, fresh: true, useEnvironment: false });
  server = servers.redis as ManagedServer;
  admin = new Redis(server.url);
  admin.on('error', () => undefined);
  connection = new RedisConnection(named(server.url, 'member'));
}, 120_000);

beforeEach(async () => {
  await admin.flushall();
  stream = new RedisStream(connection, { stream: 's', group: 'g', consumer: 'c' });
  await stream.ensureGroup();
});

afterEach(() => stream.close());

afterAll(async () => {
  connection.close();
  admin.disconnect();
  await servers.stop();
});

const pendingCount = async (): Promise<number> => ((await admin.xpending('s', 'g')) as [number])[0];

describe('a server that is out of memory', () => {
  let entries: [StreamEntry, StreamEntry];

  beforeEach(async () => {
    await stream.addMany(['{"n":1}', '{"n":2}', '{"n":3}']);
    entries = (await stream.readNew(2, 1_000)) as [StreamEntry, StreamEntry];
    await admin.config('SET', 'maxmemory', '1');
  });

  afterEach(() => admin.config('SET', 'maxmemory', '0'));

  it('refuses dead letters, whose messages then stay pending', async () => {
    await expect(stream.deadLetter(entries[0], '{}')).rejects.toMatchObject({ code: 'REDIS_REPLY', replyCode: 'OOM' });
    expect(await pendingCount()).toBe(2);
    expect(await admin.exists('s:dead')).toBe(0);
    await admin.config('SET', 'maxmemory', '0');
    expect(await stream.deadLetter(entries[0], '{}')).toBe('done');
  });

  it('refuses to publish, with a typed error', async () => {
    await expect(new StreamPublisher(connection).publish('s', {})).rejects.toMatchObject({ replyCode: 'OOM' });
  });

  it('lets consumers drain: reading, acknowledging, renewing, claiming idle entries go on', async () => {
    expect(await stream.renew(entries)).toEqual(['done', 'done']);
    expect(await stream.ack([entries[0]])).toEqual(['done']);
    expect(await stream.readNew(1, 1_000)).toHaveLength(1);
    const other = new RedisStream(connection, { stream: 's', group: 'g', consumer: 'other' });
    await stream.giveBack([entries[1]]);
    const result = await other.claimStale({ livenessMs: 1_000, count: 5, sweep: { idleMs: 60_000, cursor: '-' } });
    expect(result).toMatchObject({ isAlive: false, entries: [{ id: entries[1].id, deliveryCount: 1 }] });
    other.close();
  });
});

describe('a server that is killed and comes back', () => {
  it('is used again by itself, reads and commands alike', async () => {
    const read = stream.readNew(1, LONG_MS);
    read.catch(() => undefined);
    await eventually(() => isBlocked(admin, 'member'), { what: 'the read to block' });
    await server.kill();
    await expect(read).rejects.toThrow(RedisConnectionLostError);
    await expect(connection.ping(100)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await server.start();
    await connection.ping(20_000);
    await stream.ensureGroup();
    const id = await stream.add('{}');
    expect(await stream.readNew(1, LONG_MS)).toMatchObject([{ id }]);
  });
});

describe('FLUSHALL', () => {
  it('loses nothing that is published before the group is there again', async () => {
    const read = stream.readNew(1, LONG_MS);
    read.catch(() => undefined);
    await eventually(() => isBlocked(admin, 'member'), { what: 'the read to block' });
    await admin.flushall();
    await expect(read).rejects.toMatchObject({ code: 'GROUP_MISSING' });
    const id = await stream.add('{}');
    await stream.ensureGroup();
    expect(await stream.readNew(1, LONG_MS)).toMatchObject([{ id }]);
  });
});

import {
  appendChains,
  DelayedMover,
  RedisConnection,
  type RedisConnectionOptions,
  StreamPublisher,
} from '@safesync/queue';
import { eventually, type ManagedServer, type Servers, startServers, TcpProxy } from '@safesync/testing';
import { Redis } from 'ioredis';
import { upTo } from './handler-world.js';

let servers: Servers;
let server: ManagedServer;
let admin: Redis;
const opened: RedisConnection[] = [];

beforeAll(async () => {
  servers = await startServers({ mysql: false, fresh: true, useEnvironment: false });
  server = servers.redis as ManagedServer;
  admin = new Redis(server.url, { protocol: 2 });
  admin.on('error', () => undefined);
}, 120_000);
beforeEach(() => admin.flushall());
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});
afterAll(async () => {
  admin.disconnect();
  await servers.stop();
});

function connect(options: RedisConnectionOptions = {}, url: string = server.url): RedisConnection {
  const connection = new RedisConnection(url, options);
  opened.push(connection);
  return connection;
}

const TEXT = 'x'.repeat(1_000);
const COUNT = 60_000;

/** What became of so many publishes at once, counted by code. */
async function flood(publisher: StreamPublisher, count: number): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  const count1 = (code: string): void => {
    counted[code] = (counted[code] ?? 0) + 1;
  };
  const one = (n: number): Promise<void> =>
    publisher.publish('s', { n, text: TEXT }).then(
      () => count1('published'),
      (error: { code: string }) => count1(error.code),
    );
  // so many stacks would take longer than all that is looked at here
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const all = Array.from({ length: count }, (_, n) => one(n));
  Error.stackTraceLimit = stackTraceLimit;
  await Promise.all(all);
  return counted;
}

describe('Redis is away', () => {
  it('R14 60 000 publishes settle with a typed error, 1 000 of them wait, and none appears later', async () => {
    const connection = connect({ commandTimeoutMs: 2_000 });
    await connection.ping();
    await server.kill();
    await eventually(() => !connection.isReady, { what: 'the connection to be lost' });
    const publisher = new StreamPublisher(connection);
    const startedAt = performance.now();
    const outcome = flood(publisher, COUNT);
    expect(waitingOf(connection)).toEqual({ waiting: 1_000, waitingBytes: expect.any(Number) as number });
    expect(waitingOf(connection).waitingBytes).toBeLessThan(2_000_000);
    expect(await outcome).toEqual({ REDIS_UNAVAILABLE: COUNT });
    expect(waitingOf(connection)).toEqual({ waiting: 0, waitingBytes: 0 });
    process.stdout.write(`60 000 publishes settled after ${Math.round(performance.now() - startedAt)} ms\n`);
    await server.start();
    await connection.ping(20_000);
    await publisher.publish('s', { n: -1 });
    const entries = await admin.xrange('s', '-', '+');
    expect(entries.map(([, fields]) => fields[1])).toEqual(['{"n":-1}']);
  }, 180_000);

  it('control: without bounds all of them wait, and all of them appear', async () => {
    const unbound = { maxWaiting: Number.POSITIVE_INFINITY, maxWaitingBytes: Number.POSITIVE_INFINITY };
    const connection = connect({ ...unbound, commandTimeoutMs: 60_000 });
    await connection.ping();
    await server.kill();
    await eventually(() => !connection.isReady, { what: 'the connection to be lost' });
    const outcome = flood(new StreamPublisher(connection), COUNT);
    expect(waitingOf(connection).waiting).toBe(COUNT);
    expect(waitingOf(connection).waitingBytes).toBeGreaterThan(60_000_000);
    await server.start();
    expect(await outcome).toEqual({ published: COUNT });
    expect(await admin.xlen('s')).toBe(COUNT);
  }, 180_000);

  it('waiting commands are bounded in bytes too, and a single large one may wait', async () => {
    const connection = connect({ commandTimeoutMs: 300, maxWaitingBytes: 10_000 });
    await connection.ping();
    await server.kill();
    await eventually(() => !connection.isReady, { what: 'the connection to be lost' });
    const publisher = new StreamPublisher(connection);
    const outcome = flood(publisher, 20);
    expect(waitingOf(connection).waiting).toBe(9);
    expect(await outcome).toEqual({ REDIS_UNAVAILABLE: 20 });
    const large = publisher.publish('s', { text: 'x'.repeat(50_000) });
    const small = publisher.publish('s', {});
    await expect(small).rejects.toThrow('wait for a connection to Redis');
    await expect(large).rejects.toThrow('within 300 ms');
    await server.start();
  }, 180_000);

  it('a first batch of more than the bound goes out in parts', async () => {
    const connection = connect({ commandTimeoutMs: 20_000 });
    const messages = Array.from({ length: 200 }, (_, n) => ({ payload: { n, text: 'x'.repeat(200_000) } }));
    expect(await new StreamPublisher(connection).publishMany('s', messages)).toHaveLength(200);
    expect(await admin.xlen('s')).toBe(200);
  }, 180_000);
});

describe('Redis does not answer', () => {
  let proxy: TcpProxy;
  beforeEach(async () => {
    const { hostname, port } = new URL(server.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  });
  afterEach(() => proxy.stop());
  const throughProxy = async (options: RedisConnectionOptions): Promise<RedisConnection> => {
    const connection = connect({ commandTimeoutMs: 2_000, ...options }, proxy.url(server.url));
    await connection.ping();
    return connection;
  };

  it('R13 60 000 publishes into a black hole: refused once it has been silent with 16 MiB, and all of that is free again after', async () => {
    const connection = await throughProxy({ commandTimeoutMs: 6_000 });
    proxy.silence();
    const publisher = new StreamPublisher(connection);
    const first = flood(publisher, FIRST);
    await eventually(() => isRefusing(connection), { what: 'more to be refused' });
    expect(unansweredOf(connection)).toBeGreaterThan(16 * 1_048_576);
    expect(await flood(publisher, COUNT - FIRST)).toEqual({ REDIS_UNAVAILABLE: COUNT - FIRST });
    expect(await first).toEqual({ PUBLISH_OUTCOME_UNKNOWN: FIRST });
    expect(unansweredOf(connection)).toBe(0);
    // what the proxy has not read yet would pass when it is healed
    proxy.cut();
    proxy.heal();
    await publisher.publish('s', { n: -1 });
    expect(await admin.xlen('s')).toBe(1);
  }, 180_000);

  it('nothing is refused of a burst that a living Redis answers', async () => {
    const connection = await throughProxy({ commandTimeoutMs: 60_000 });
    expect(await flood(new StreamPublisher(connection), FIRST)).toEqual({ published: FIRST });
  }, 180_000);

  it('control: without a bound all of them are sent', async () => {
    const connection = await throughProxy({ maxWaitingBytes: Number.POSITIVE_INFINITY });
    proxy.silence();
    expect(await flood(new StreamPublisher(connection), COUNT)).toEqual({ PUBLISH_OUTCOME_UNKNOWN: COUNT });
  }, 180_000);

  it('the bound holds for every way to publish, and for nothing else', async () => {
    const connection = await throughProxy({ maxWaitingBytes: 10_000 });
    proxy.silence();
    const publisher = new StreamPublisher(connection);
    const large = publisher.publish('s', { text: 'x'.repeat(50_000) });
    await eventually(() => isRefusing(connection), { what: 'more to be refused' });
    const ping = connection.ping();
    for (const refused of [publisher.publish('s', {}), publisher.publish('s', {}, { delayMs: 1_000 })]) {
      await expect(refused).rejects.toThrow(
        /^Not sent: \d+ bytes wait for an answer of Redis at 127\.0\.0\.1:\d+, which says nothing\./,
      );
    }
    const chains = await appendChains(connection, 's', [['{}']]);
    expect(chains).toMatchObject([[{ error: { code: 'REDIS_UNAVAILABLE' } }]]);
    await expect(publisher.publishMany('s', [{ payload: {} }])).rejects.toMatchObject({
      results: [{ error: { code: 'REDIS_UNAVAILABLE' } }],
    });
    await expect(large).rejects.toMatchObject({ code: 'PUBLISH_OUTCOME_UNKNOWN' });
    await expect(ping).rejects.toMatchObject({ code: 'REDIS_CONNECTION_LOST' });
  });

  it('what is answered makes room', async () => {
    const connection = await throughProxy({ maxWaitingBytes: 10_000 });
    const publisher = new StreamPublisher(connection);
    for (const n of upTo(5)) await publisher.publish('s', { n, text: 'x'.repeat(9_000) });
    expect(unansweredOf(connection)).toBe(0);
    await admin.set('text', 'no stream');
    await expect(publisher.publish('text', { text: 'x'.repeat(9_000) })).rejects.toMatchObject({
      replyCode: 'WRONGTYPE',
    });
    expect(unansweredOf(connection)).toBe(0);
  });
});

/** More than the bound has bytes for. */
const FIRST = 20_000;

function isRefusing(connection: RedisConnection): boolean {
  try {
    connection.requireAnswers();
    return false;
  } catch {
    return true;
  }
}

/** White box: what has no answer is what must stay bounded. */
function unansweredOf(connection: RedisConnection): number {
  const { link } = connection as unknown as { link: { current?: { unansweredBytes: number } } };
  return link.current?.unansweredBytes ?? 0;
}

/** White box: what waits is what must stay bounded. */
function waitingOf(connection: RedisConnection): { waiting: number; waitingBytes: number } {
  const { waiting, waitingBytes } = connection as unknown as { waiting: number; waitingBytes: number };
  return { waiting, waitingBytes };
}

describe('a server that refuses writes', () => {
  it('out of memory: delayed and deduped publishes are refused whole, what waits is moved, nothing is lost', async () => {
    const connection = connect();
    const publisher = new StreamPublisher(connection);
    await publisher.publish('s', { n: 1 }, { delayMs: 1 });
    await admin.config('SET', 'maxmemory', '1');
    for (const terms of [{ delayMs: 1_000 }, { dedupeKey: 'a' }, { delayMs: 1_000, dedupeKey: 'b' }]) {
      await expect(publisher.publish('s', { n: 2 }, terms)).rejects.toMatchObject({ replyCode: 'OOM' });
    }
    const mover = new DelayedMover(connection, ['s']);
    mover.start();
    await eventually(async () => (await admin.zcard('s:delayed')) === 0, { what: 'the message to be moved' });
    await admin.config('SET', 'maxmemory', '0');
    expect(await admin.xlen('s')).toBe(1);
    for (const dedupeKey of ['a', 'b']) await publisher.publish('s', { n: 3 }, { dedupeKey });
    expect(await admin.xlen('s')).toBe(3);
    await mover.stop();
  });

  it('a replica: refused, and moved once it is a primary again', async () => {
    const connection = connect();
    const publisher = new StreamPublisher(connection);
    await publisher.publish('s', { n: 1 }, { delayMs: 1 });
    const mover = new DelayedMover(connection, ['s']);
    await admin.replicaof('127.0.0.1', '1');
    await expect(publisher.publish('s', { n: 2 }, { delayMs: 1 })).rejects.toMatchObject({ replyCode: 'READONLY' });
    mover.start();
    await eventually(() => connection.isReady, { what: 'a new connection' });
    expect(await admin.zcard('s:delayed')).toBe(1);
    await admin.replicaof('NO', 'ONE');
    await eventually(async () => (await admin.xlen('s')) === 1, { what: 'the message to be moved', withinMs: 20_000 });
    expect(await admin.zcard('s:delayed')).toBe(0);
    await mover.stop();
  }, 180_000);
});

import { RedisConnection, type RedisInput, RedisStream } from '@safesync/queue';
import { Redis } from 'ioredis';
import { createTestRedis } from '../support/redis.js';

const redis = createTestRedis();
const { hostname: host, port } = new URL(redis.url);
afterAll(() => redis.close());

/** Settings that change replies, deadlines or order, had they an effect. */
const AWKWARD = {
  protocol: 3,
  replyMapping: 'resp3',
  stringNumbers: true,
  enableAutoPipelining: true,
  commandTimeout: 10,
  blockingTimeout: 10,
  socketTimeout: 10,
} as const;

const client = new Redis({ host, port: Number(port), lazyConnect: true, ...AWKWARD });

it.each<[string, RedisInput]>([
  ['a URL', redis.url],
  ['options', { host, port: Number(port) }],
  ['options that change replies and deadlines', { host, port: Number(port), ...AWKWARD }],
  ['a client of yours with such options', client],
])('%s: replies, deadlines and blocking are the same', async (_name, input) => {
  const connection = new RedisConnection(input);
  const stream = new RedisStream(connection, { stream: redis.key('s'), group: 'g', consumer: 'c' });
  expect(await stream.ensureGroup()).toBe(true);
  const ids = await stream.addMany(['1', '2', '3']);
  const entries = await stream.readNew(2, 1_000);
  expect(entries.map(({ id, fields }) => [id, fields?.map(String)])).toEqual([
    [ids[0], ['data', '1']],
    [ids[1], ['data', '2']],
  ]);
  expect(await stream.ack(entries.slice(0, 1))).toEqual(['done']);
  expect(await stream.claimStale({ livenessMs: 1_000, count: 1 })).toMatchObject({ entries: [], isAlive: true });
  expect(await stream.groupInfo()).toMatchObject({ length: 3, consumers: 1, pending: 1, lag: 1 });
  expect(await stream.pendingSummary()).toMatchObject({ count: 1, consumers: [{ name: 'c', count: 1 }] });
  expect((await stream.readOwnPending('0-0', 5)).entries).toMatchObject([{ id: ids[1], deliveryCount: 2 }]);
  await stream.readNew(5, 1_000);
  // blocks for longer than the deadlines of the client's own options
  expect(await stream.readNew(5, 80)).toEqual([]);
  expect(stream.epoch).toBe(0);
  connection.close();
});

it('a client of yours is copied, neither used nor closed', () => {
  expect(client.status).toBe('wait');
});

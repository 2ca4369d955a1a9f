import {
  MESSAGES_ACKED,
  MESSAGES_CLAIMED,
  MESSAGES_READ,
  QueueError,
  type QueueMessage,
  READ_LATENCY,
  RedisConnection,
  RedisStreamsQueue,
} from '@safesync/queue';
import { createTestRedis } from '../support/redis.js';
import { KeptMetrics } from './low-level-kept-metrics.js';

const redis = createTestRedis();
const connection = new RedisConnection(redis.url);
const metrics = new KeptMetrics();
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

async function queueOf(): Promise<RedisStreamsQueue> {
  const config = { streamKey: name, consumerGroup: 'g', consumerName: 'c' };
  const queue = await RedisStreamsQueue.create(connection, config, { metrics });
  opened.push(queue);
  return queue;
}

it('M6 count what reads hand out, and time only reads that found something', async () => {
  const queue = await queueOf();
  const labels = { stream: name };
  expect(metrics.total(MESSAGES_READ, labels)).toBeUndefined();
  await queue.read(1);
  expect(metrics.total(MESSAGES_READ, labels)).toBe(0);
  expect(metrics.observations(READ_LATENCY, labels)).toEqual([]);
  await queue.enqueueMany([1, 2, 3]);
  await queue.read(1_000);
  await queue.read(1_000, 5);
  expect(metrics.total(MESSAGES_READ, labels)).toBe(3);
  expect(metrics.observations(READ_LATENCY, labels)).toHaveLength(2);
});

it('M7 count every acknowledgement, also of what was not pending', async () => {
  const queue = await queueOf();
  await queue.enqueue({});
  const [message] = (await queue.read(1_000)) as [QueueMessage];
  await queue.ack(message);
  await queue.ack(message);
  expect(metrics.total(MESSAGES_ACKED, { stream: name })).toBe(2);
});

it('M8 count claimed messages, empty claims not at all', async () => {
  const queue = await queueOf();
  await queue.claimStale(0);
  expect(metrics.total(MESSAGES_CLAIMED, { stream: name })).toBeUndefined();
  await queue.enqueueMany([1, 2]);
  await queue.read(1_000, 2);
  await queue.claimStale(0);
  expect(metrics.total(MESSAGES_CLAIMED, { stream: name })).toBe(2);
});

it('M9 keep streams apart', async () => {
  const first = await queueOf();
  await first.enqueue({});
  await first.read(1_000);
  const before = name;
  name = redis.key('s');
  const second = await queueOf();
  await second.enqueueMany([1, 2]);
  await second.read(1_000, 2);
  expect(metrics.total(MESSAGES_READ, { stream: before })).toBe(1);
  expect(metrics.total(MESSAGES_READ, { stream: name })).toBe(2);
});

it('of failed calls are not recorded', async () => {
  const queue = await queueOf();
  await redis.client.xadd(name, '*', 'other', '1');
  await expect(queue.read(1_000)).rejects.toThrow(QueueError);
  expect(metrics.total(MESSAGES_READ, { stream: name })).toBeUndefined();
});

it('have the names, help texts, labels and buckets that dashboards know', () => {
  const facts = [MESSAGES_READ, MESSAGES_ACKED, MESSAGES_CLAIMED, READ_LATENCY].map(
    ({ kind, name: title, help, labels }) => {
      return [kind, title, help, labels.join()];
    },
  );
  expect(facts).toEqual([
    ['counter', 'coti_safesync_queue_messages_read_total', 'Total queue messages read', 'stream'],
    ['counter', 'coti_safesync_queue_messages_ack_total', 'Total queue messages acknowledged', 'stream'],
    ['counter', 'coti_safesync_queue_messages_claimed_total', 'Total stale queue messages claimed', 'stream'],
    ['histogram', 'coti_safesync_queue_read_latency_seconds', 'Latency of queue reads', 'stream'],
  ]);
  expect(READ_LATENCY.buckets).toEqual([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
});

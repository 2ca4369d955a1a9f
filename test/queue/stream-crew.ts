/** A stream of each test's own and consumers that read from it, die with entries in hand or claim those of others. */

import { type ClaimOptions, type ClaimResult, RedisConnection, RedisStream, type StreamEntry } from '@safesync/queue';
import { createTestRedis } from '../support/redis.js';

export const redis = createTestRedis();
const connection = new RedisConnection(redis.url);
const members: RedisStream[] = [];
/** The stream of the running test, with group `g`. */
export let name: string;

beforeEach(async () => {
  name = redis.key('s');
  await redis.client.xgroup('CREATE', name, 'g', '0', 'MKSTREAM');
});

afterEach(() => {
  for (const stream of members.splice(0)) stream.close();
});

afterAll(async () => {
  connection.close();
  await redis.close();
});

export function member(consumer: string): RedisStream {
  const stream = new RedisStream(connection, { stream: name, group: 'g', consumer });
  members.push(stream);
  return stream;
}

export const LIVE_MS = 600_000;

export function turn(stream: RedisStream, options: Partial<ClaimOptions> = {}): Promise<ClaimResult> {
  return stream.claimStale({ livenessMs: LIVE_MS, count: 10, ...options });
}

/** A consumer that has read `texts` and then ended without a word. */
export async function crashed(consumer: string, texts: readonly string[]): Promise<StreamEntry[]> {
  const stream = member(consumer);
  await turn(stream);
  await stream.addMany(texts);
  const entries = await stream.readNew(texts.length, 1_000);
  // what the passing of its liveness time would do
  await redis.client.zadd(`${name}:alive:g`, 1, consumer);
  return entries;
}

export const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));
export const ids = (entries: readonly StreamEntry[]): string[] => entries.map(({ id }) => id);
export const NOTHING = {
  entries: [],
  trimmed: [],
  cursor: '-',
  more: false,
  suspectsLeft: 0,
  isSuspect: false,
  isAlive: true,
  isPaused: false,
};

export async function consumers(): Promise<string[]> {
  const rows = (await redis.client.xinfo('CONSUMERS', name, 'g')) as string[][];
  return rows.map((row) => row[1] as string).toSorted();
}

/** Makes pending entries old. */
export async function age(entries: readonly StreamEntry[], consumer: string, idleMs: number): Promise<void> {
  await redis.client.call('xclaim', name, 'g', consumer, 0, ...ids(entries), 'IDLE', idleMs, 'JUSTID');
}

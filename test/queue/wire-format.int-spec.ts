import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JsonCodec, RedisConnection, RedisStream } from '@safesync/queue';
import { createTestRedis } from '../support/redis.js';

interface GoldenEntry {
  readonly name: string;
  readonly text: string;
  readonly base64: string;
  readonly value: Tagged;
  /** Why it is refused. */
  readonly fault: string;
}

type Tagged =
  | null
  | boolean
  | string
  | { readonly int: string }
  | { readonly float: string }
  | { readonly list: readonly Tagged[] }
  | { readonly dict: readonly (readonly [string, Tagged])[] };

function golden(name: string): GoldenEntry[] {
  return JSON.parse(readFileSync(join(__dirname, 'golden', name), 'utf8')) as GoldenEntry[];
}

/** What a value of Python is in JavaScript. */
function untag(tagged: Tagged): unknown {
  if (tagged === null || typeof tagged !== 'object') return tagged;
  if ('int' in tagged) {
    const value = BigInt(tagged.int);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if ('float' in tagged) return Number(tagged.float);
  if ('list' in tagged) return tagged.list.map(untag);
  return Object.fromEntries(tagged.dict.map(([key, value]) => [key, untag(value)]));
}

const OURS: Readonly<Record<string, unknown>> = {
  transfer: { id: 't-1', from: 12, to: 7, amount: '120.50', tags: ['a', 'b'] },
  empty: {},
  kinds: { yes: true, no: false, none: null, list: [1, [2, {}]], text: '' },
  'big integers': { wei: 123456789012345678901234567890n, list: [-(2n ** 70n), 5n] },
  numbers: { safe: 2 ** 53 - 1, tenth: 0.1, huge: 1e21, tiny: 5e-324, negativeZero: -0 },
  unicode: { text: 'Zürich 日本 😀 \u2028' },
  'lone surrogate': { text: '\ud800' },
  escapes: { text: '" \\ / \t \n \r \0 \x1f' },
  'escapes beside a big integer': { 'a"b': '"\\\0\ud800', n: 2n ** 64n - 1n },
  metadata: { a: 1 },
  'metadata beside a big integer': { a: 2n ** 64n - 1n },
  'list at the top': [1, 'two', null],
  'text at the top': 'text',
};
const METADATA: Readonly<Record<string, object>> = {
  metadata: { id: 'm-1', key: 'k', headers: { traceparent: '00-0af7-b7ad-01' } },
  'metadata beside a big integer': { id: 'm-1' },
};

const codec = new JsonCodec();
const encode = (name: string): string =>
  name in METADATA ? codec.encode(OURS[name] as object, METADATA[name]) : codec.encodeValue(OURS[name]);

describe('entries of Python', () => {
  it.each(golden('python-entries.json').map((entry) => [entry.name, entry] as const))('reads %s', (_, entry) => {
    expect(codec.decode(Buffer.from(entry.base64, 'base64')).payload).toStrictEqual(untag(entry.value));
  });

  it.each(golden('refused-entries.json').map((entry) => [entry.name, entry] as const))('refuses %s', (_, entry) => {
    expect(() => codec.decode(Buffer.from(entry.base64, 'base64'))).toThrow(
      `Failed to decode message payload: ${entry.fault}.`,
    );
  });
});

describe('entries of ours', () => {
  const texts = new Map(golden('our-entries.json').map(({ name, text }) => [name, text]));
  const readByPython = new Map(golden('read-by-python.json').map(({ name, value }) => [name, value]));

  it.each(Object.keys(OURS))('writes %s as the golden text, which Python reads as the same value', (name) => {
    expect(encode(name)).toBe(texts.get(name));
    const read = untag(readByPython.get(name) as Tagged);
    const expected = name in METADATA ? { ...(OURS[name] as object), __safesync: METADATA[name] } : OURS[name];
    expect(read).toEqual(widened(expected));
  });

  it('covers every golden text', () => {
    expect([...texts.keys()]).toEqual(Object.keys(OURS));
  });
});

describe('on the server', () => {
  it('an entry is exactly one field named data, byte for byte, and comes back as it went', async () => {
    const redis = createTestRedis();
    const connection = new RedisConnection(redis.url);
    const stream = new RedisStream(connection, { stream: redis.key('wire'), group: 'g', consumer: 'c' });
    try {
      await stream.ensureGroup();
      await stream.addMany(Object.keys(OURS).map(encode));
      const seen = (await redis.client.callBuffer('xrange', stream.stream, '-', '+')) as [Buffer, Buffer[]][];
      expect(seen.map(([, fields]) => fields.map(String))).toEqual(
        Object.keys(OURS).map((name) => ['data', encode(name)]),
      );
      for (const { base64 } of golden('python-entries.json')) {
        await redis.client.xadd(stream.stream, '*', 'data', Buffer.from(base64, 'base64'));
      }
      const entries = await stream.readNew(1_000, 1_000);
      const expected = golden('python-entries.json').map((entry) => untag(entry.value));
      const received = entries.map((entry) => codec.decode(entry.fields?.[1] as Buffer).payload);
      expect(received).toStrictEqual([...Object.values(OURS).map(widened), ...expected]);
    } finally {
      connection.close();
      await redis.close();
    }
  });
});

/** Small bigints come back as numbers. */
function widened(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(widened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, widened(inner)]));
}

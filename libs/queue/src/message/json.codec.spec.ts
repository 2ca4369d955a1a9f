import fc from 'fast-check';
import { MessageDecodeError, PayloadLimitError, PayloadNotSerializableError } from '../queue.errors.js';
import { JsonCodec } from './json.codec.js';
import { DEFAULT_LIMITS } from './payload-limits.js';

const codec = new JsonCodec();
const decode = (text: string): unknown => codec.decode(Buffer.from(text)).payload;

class Money {
  constructor(readonly amount: string) {}
}

function cycle(): object {
  const outer: { list: unknown[] } = { list: [] };
  outer.list.push({ outer });
  return outer;
}

function nested(depth: number): object {
  let value: object = {};
  for (let i = 1; i < depth; i++) value = { a: value };
  return value;
}

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe('encoding', () => {
  it.each([
    ['undefined', { a: undefined }, '$.a is undefined'],
    ['a function', { a: [() => 1] }, '$.a[0] is a function'],
    ['a symbol', { a: Symbol('x') }, '$.a is a symbol'],
    ['a symbol as key', { [Symbol('x')]: 1 }, '$ has a key that is a symbol'],
    ['NaN', { a: { b: Number.NaN } }, '$.a.b is NaN'],
    ['Infinity', { a: [1, Number.POSITIVE_INFINITY] }, '$.a[1] is Infinity'],
    ['an integer beyond 2^53', { a: 2 ** 53 + 2 }, '$.a is an integer that a number cannot hold exactly'],
    ['a date', { at: new Date(0) }, '$.at is an instance of Date'],
    ['a map', { a: new Map() }, '$.a is an instance of Map'],
    ['a set', { a: new Set() }, '$.a is an instance of Set'],
    ['a buffer', { a: Buffer.from('x') }, '$.a is an instance of Buffer'],
    ['a class instance', { price: new Money('1') }, '$.price is an instance of Money'],
    ['a class instance at the top', new Money('1'), '$ is an instance of Money'],
    ['a boxed number', { a: Object(1) }, '$.a is an instance of Number'],
    ['a hole', { a: Object.assign([], { length: 2 }) }, '$.a[0] is a hole in an array'],
    ['a cycle', cycle(), '$.list[0].outer refers to an object that it is inside of'],
    ['toJSON', { a: { toJSON: () => 1 } }, '$.a.toJSON is a function'],
    ['an own __proto__', JSON.parse('{"a":{"__proto__":1}}') as object, '$.a has a key named __proto__'],
    ['the reserved key', { __safesync: {} }, '$.__safesync is reserved'],
    ['a list at the top', [] as object, '$ is not an object'],
  ])('refuses %s with its path', (_name, payload, fault) => {
    const error = errorOf(() => codec.encode(payload));
    expect(error).toBeInstanceOf(PayloadNotSerializableError);
    expect(error.message).toContain(`Payload is not JSON-serializable: ${fault}`);
  });

  it('refuses a class instance even when metadata is added', () => {
    expect(() => codec.encode(new Money('1'), { id: 'x' })).toThrow('$ is an instance of Money');
  });

  it('takes the same object twice, and objects without a prototype', () => {
    const shared = { a: 1 };
    const bare = Object.assign(Object.create(null) as object, { b: 2 });
    expect(codec.encode({ x: shared, y: shared, bare })).toBe('{"x":{"a":1},"y":{"a":1},"bare":{"b":2}}');
  });

  it('enforces bytes, depth and keys', () => {
    const exact = { a: 'x'.repeat(DEFAULT_LIMITS.maxBytes - '{"a":""}'.length) };
    expect(codec.encode(exact)).toHaveLength(DEFAULT_LIMITS.maxBytes);
    expect(() => codec.encode({ a: `${exact.a}x` })).toThrow(PayloadLimitError);
    expect(() => codec.encode({ a: 'é'.repeat(DEFAULT_LIMITS.maxBytes / 2) })).toThrow('bytes, allowed are 262144');
    expect(codec.encode(nested(64))).toContain('{}');
    expect(() => codec.encode(nested(65))).toThrow('nested deeper than 64');
    expect(() => codec.encode(nested(200_000))).toThrow(PayloadLimitError);
    const wide = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, i]));
    expect(() => codec.encode({ wide })).toThrow('1001 keys in one object');
  });

  it('never quotes a value', () => {
    for (const payload of [
      { secret: 'hunter2', a: Number.NaN },
      { secret: 'hunter2', a: 'x'.repeat(300_000) },
    ]) {
      expect(String(errorOf(() => codec.encode(payload)).stack)).not.toContain('hunter2');
    }
  });

  it('writes metadata only when there is any', () => {
    expect(codec.encode({ a: 1 }, {})).toBe('{"a":1}');
    expect(codec.encode({ a: 1 }, { headers: {} })).toBe('{"a":1}');
    expect(codec.encode({ a: 1 }, { id: 'm' })).toBe('{"a":1,"__safesync":{"id":"m"}}');
  });
});

describe('decoding', () => {
  it('strips the metadata before anybody sees the payload', () => {
    const text = codec.encode({ a: 1 }, { id: 'm', key: 'k', headers: { h: 'v' } });
    expect(codec.decode(Buffer.from(text))).toEqual({
      payload: { a: 1 },
      metadata: { id: 'm', key: 'k', headers: { h: 'v' } },
    });
  });

  it.each(['1', '{"id":1}', '{"key":null}', '{"headers":[]}', '{"headers":{"a":1}}'])('refuses metadata %s', (text) => {
    expect(() => decode(`{"__safesync":${text}}`)).toThrow(MessageDecodeError);
  });

  it('takes the last of duplicate keys, beside big numbers too', () => {
    expect(decode('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(decode('{"a":1,"a":12345678901234567890}')).toEqual({ a: 12345678901234567890n });
    expect(decode('{"a":12345678901234567890,"a":null}')).toEqual({ a: null });
  });

  it('measures bytes before looking at them', () => {
    const small = new JsonCodec({ maxBytes: 10 });
    const text = (bytes: number): Buffer => Buffer.from(JSON.stringify('x'.repeat(bytes - 2)));
    expect(() => small.encode({ text: 'xx' })).toThrow('allowed are 10');
    expect(small.decode(text(10 + 4_096)).payload).toHaveLength(4_104); // what a replay adds is not counted
    expect(() => small.decode(text(10 + 4_097))).toThrow('4107 bytes, over the limit of 4106');
  });

  it('counts keys of one object, not of all', () => {
    const tight = new JsonCodec({ maxKeys: 2 });
    expect(tight.decode(Buffer.from('[{"a":1,"b":2},{"a":{"c":1,"d":2},"b":":,{"}]')).payload).toHaveLength(2);
    expect(() => tight.decode(Buffer.from('{"a":{"x":1},"b":2,"c":3}'))).toThrow('more than 2 keys');
  });

  it('leaves Object.prototype alone', () => {
    for (const text of ['{"__proto__":{"admin":true}}', '{"a":{"__proto__":12345678901234567890}}']) {
      expect(() => decode(text)).toThrow('a key named __proto__');
    }
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
    expect(decode('{"text":"__proto__ constructor"}')).toEqual({ text: '__proto__ constructor' });
  });

  it('never quotes the text', () => {
    for (const text of ['{"secret":"hunter2"', '{"hunter2":12345678901234567890,}', '"hunter2" 1']) {
      const error = errorOf(() => decode(text));
      expect(error).toBeInstanceOf(MessageDecodeError);
      expect(`${error.stack} ${String(error.cause)}`).not.toContain('hunter2');
    }
  });
});

describe('properties', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((v) => !Number.isInteger(v) || Math.abs(v) >= 1e21),
    fc.bigInt().filter((v) => v > 2n ** 53n || v < -(2n ** 53n)),
  );
  const key = fc
    .string({ unit: 'binary' })
    .filter((k) => !['__proto__', 'constructor', 'prototype', '__safesync'].includes(k));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('value')),
      fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    ),
  }));

  it('reads back what it wrote, as the JSON that JSON.parse reads too', () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = codec.encodeValue(given);
        expect(codec.decode(Buffer.from(text)).payload).toEqual(given);
        expect(() => JSON.parse(text) as unknown).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });

  it('accepts exactly what JSON.parse accepts, decimals apart that it would change', () => {
    const alphabet = fc.constantFrom(
      ...Array.from('{}[]:,"\\ \n019.eE+-tfnu'),
      'true',
      'null',
      '12345678901234567',
      '\\ud800',
    );
    const text = fc.oneof(
      fc.string({ unit: alphabet, maxLength: 30 }),
      fc.json().chain((json) => damaged(json)),
    );
    fc.assert(
      fc.property(text, (given) => {
        fc.pre(!isRefusedDecimal(given));
        const expected = outcome(() => requireReadable(JSON.parse(given))) === 'value' ? 'value' : 'MessageDecodeError';
        expect(outcome(() => decode(given))).toBe(expected);
      }),
      { numRuns: 5_000 },
    );
  });

  it('turns any bytes into a value or a MessageDecodeError', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((json) => new TextEncoder().encode(json)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        expect(['value', 'MessageDecodeError']).toContain(outcome(() => codec.decode(Buffer.from(given))));
      }),
      { numRuns: 3_000 },
    );
  });
});

function damaged(json: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(json.length), fc.constantFrom('', ',', '"', '}', '0', '\\', 'e5', '9'.repeat(17)))
    .map(([at, text]) => json.slice(0, at) + text + json.slice(at));
}

function isRefusedDecimal(text: string): boolean {
  try {
    decode(text);
    return false;
  } catch (error) {
    return (error as Error).message.includes('a decimal that a double cannot hold');
  }
}

function outcome(work: () => unknown): string {
  try {
    work();
    return 'value';
  } catch (error) {
    return (error as Error).name;
  }
}

/** What the standard leaves to readers, and we refuse: numbers too big for a double, keys that endanger prototypes. */
function requireReadable(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('not finite');
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (/^(__proto__|constructor|prototype)$/.test(key)) throw new Error('forbidden key');
    requireReadable(inner);
  }
}

import fc from 'fast-check';

const CHARACTERS = '\'"`\\;:?%_@#$()=,.-*/\0\x1a\b\n\r\t aZ09é¿¥\u{1F600}\u2028\u00a5\u02bc';
const WORDS = [
  "-- |/*|*/|/*!|' OR '1'='1|\\'|''|:a|??|@@version|NULL|0x27|X'27'",
  '; DROP TABLE t| UNION SELECT 1|__proto__|constructor|toString',
];
const PIECES = [...Array.from(CHARACTERS), ...WORDS.flatMap((words) => words.split('|'))];

/** Text made of everything that means something to somebody between a program and a table. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  // half of a surrogate pair, beside anything
  { weight: 1, arbitrary: fc.tuple(fc.string(), fc.constantFrom('\ud800', '\udfff')).map((parts) => parts.join('')) },
);

const EDGES = [
  0,
  -0,
  1,
  -1,
  1.5,
  1e-7,
  5e-324,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  1e300,
  Number.NaN,
  -Infinity,
  Infinity,
];

/** What one SQL literal can hold, and what looks like it. */
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileText },
  fc.constantFrom(null, true, false, undefined, ...EDGES),
  fc.double(),
  fc.bigInt(),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc.date({ noInvalidDate: false }),
);

class Money {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
  toSqlString(): string {
    return this.text;
  }
}

/** Objects that become a text of their own choice for whoever turns them into one. */
const disguised: fc.Arbitrary<unknown> = hostileText.chain((text) =>
  fc.constantFrom<unknown>(
    { toString: () => text },
    { toSqlString: () => text },
    { toJSON: () => text, valueOf: () => text },
    { [Symbol.toPrimitive]: () => text },
    {
      get value() {
        return text;
      },
    },
    Object.assign(Object.create(null), { text }),
    JSON.parse(JSON.stringify({ [`__proto__`]: text })),
    new Money(text),
    Object(text),
    new Proxy({ text }, {}),
    new Proxy([text], {}),
    new Map([[text, text]]),
    new Set([text]),
    () => text,
    Symbol(text),
    [text],
    [[text, [text]]],
    { [text]: text },
    Uint8Array.from([39]),
    Promise.resolve(text),
    /'/,
  ),
);

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 3, arbitrary: disguised },
  { weight: 1, arbitrary: fc.anything({ withDate: true, withBigInt: true, withNullPrototype: true, maxDepth: 2 }) },
);

/** Whether one literal can hold the value exactly: what the library promises to take, and all that it may take. */
export function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return true;
  if (typeof value === 'string') return Buffer.from(value).toString() === value;
  if (typeof value === 'number')
    return Number.isFinite(value) && (!Number.isInteger(value) || Math.abs(value) < 2 ** 53);
  if (value instanceof Date) return value.getUTCFullYear() >= 0 && value.getUTCFullYear() <= 9_999;
  return Buffer.isBuffer(value);
}

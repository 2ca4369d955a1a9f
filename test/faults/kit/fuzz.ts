import type { SeededRandom } from '@safesync/testing';

/** Field, value, field, value, and so on. */
export type Fields = readonly (string | Buffer)[];

const DEEP = 200_000;

/** Texts that look like messages and are hardly any. */
const TEXTS: readonly ((random: SeededRandom) => string)[] = [
  (random) => `{"n":${random.int(0, 1e9)}}`,
  (random) => `{"n":${random.int(0, 1e9)},"deep":${'[1,'.repeat(20)}0${']'.repeat(20)}}`,
  () => '{"__proto__":{"polluted":true}}',
  () => '{"constructor":{"prototype":{"polluted":true}}}',
  () => '{"n":NaN}',
  () => '{"n":Infinity}',
  () => '{"n":1e400}',
  () => '{"n":9007199254740993}',
  () => '{"n":0.1000000000000000055511151231257827}',
  () => '{"n":"\\ud800"}',
  () => '{"n":"\ud800"}',
  () => '{"n":"\\u0000"}',
  () => '{"n":1,"n":2}',
  () => '{"n":1',
  () => '{"n":1}}',
  () => '[]',
  () => 'null',
  () => '"text"',
  () => '1',
  () => '',
  () => ' ',
  () => '\u0000',
  () => '{"__safesync":5}',
  () => '{"__safesync":{"id":{}}}',
  () => '{"__safesync":{"id":"","headers":{"a":1}}}',
  () => '{"n":1,"__safesync":{"id":"x","key":null}}',
  () => `{"${'k'.repeat(70_000)}":1}`,
  (random) => `{${Array.from({ length: 1_200 }, (_, n) => `"k${n}":${random.int(0, 9)}`).join()}}`,
];

/** Fields of an entry that a hostile or broken producer may append. */
export function fuzzedFields(random: SeededRandom): Fields {
  const kind = random.int(0, 99);
  if (kind === 0 && random.int(0, 19) === 0) return ['data', '['.repeat(DEEP) + ']'.repeat(DEEP)];
  if (kind < 20) return ['data', `{"n":${random.int(0, 1e9)}}`];
  if (kind < 30) return ['data', bytes(random, random.int(0, 200))];
  if (kind < 35) return ['data', mutated(random)];
  if (kind < 45) return Array.from({ length: 2 * random.int(1, 6) }, () => bytes(random, random.int(0, 20)));
  if (kind < 50) return ['data', '{"n":1}', 'data', '{"n":2}'];
  if (kind < 55) return [random.pick(['__proto__', '', 'DATA', 'data ', 'constructor']), '{"n":1}'];
  return ['data', random.pick(TEXTS)(random)];
}

function bytes(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.int(0, 255)));
}

/** A good message with one byte changed. */
function mutated(random: SeededRandom): Buffer {
  const text = Buffer.from(`{"n":${random.int(0, 1e9)},"text":"grüße","list":[1,2,{"a":null}]}`);
  text[random.int(0, text.length - 1)] = random.int(0, 255);
  return text;
}

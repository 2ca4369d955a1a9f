import fc from 'fast-check';
import { InvalidParameterError } from '../db.errors.js';
import { type LockKey, sortedKeys } from './lock-keys.js';

const key = fc.oneof(fc.bigInt(), fc.maxSafeInteger(), fc.string({ maxLength: 8 }));

describe('sortedKeys', () => {
  it('orders whole numbers by value whatever their type, then the rest by its bytes', () => {
    expect(sortedKeys('keys', ['b', 10, '9', 2n, 'B', '-3', 'ä', '007'])).toEqual([
      '-3',
      2n,
      '9',
      10,
      '007',
      'B',
      'b',
      'ä',
    ]);
    expect(sortedKeys('keys', [Buffer.from([2]), Buffer.from([1, 9])])).toEqual([
      Buffer.from([1, 9]),
      Buffer.from([2]),
    ]);
  });

  it('keeps each key once, the first spelling of it', () => {
    expect(sortedKeys('keys', [5, '5', 5n, 'five'])).toEqual([5, 'five']);
  });

  it('gives one order for every order given', () => {
    const shuffled = fc
      .uniqueArray(key, { selector: String })
      .chain((keys) => fc.tuple(fc.constant(keys), fc.shuffledSubarray(keys, { minLength: keys.length })));
    fc.assert(fc.property(shuffled, ([one, other]) => expect(sortedKeys('k', one)).toEqual(sortedKeys('k', other))));
  });

  it('refuses what has no order, naming the argument', () => {
    const wrongs = [null, undefined, true, {}, new Date()] as unknown as LockKey[];
    for (const wrong of wrongs) {
      expect(() => sortedKeys('accounts', [1, wrong])).toThrow(InvalidParameterError);
    }
  });
});

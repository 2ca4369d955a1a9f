import fc from 'fast-check';
import { InvalidParameterError } from '../db.errors.js';
import { lockName } from './lock-name.js';

/** What a server might do to names before it compares them. */
const folded = (name: string): string => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trimEnd();

const anyText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 });
const similar = fc.constantFrom(
  'order:1',
  'Order:1',
  'order:1 ',
  'örder:1',
  'order:1#',
  'a'.repeat(90),
  'A'.repeat(90),
);

describe('lockName', () => {
  it('is readable where namespace and key are short and plain', () => {
    expect(lockName('ledger', 'account:42/eu')).toBe('ledger:account:42/eu');
    expect(lockName('Ledger', 'account:42')).toBe('ledger:account:42');
  });

  it('keeps a readable beginning of what does not fit or could be folded', () => {
    expect(lockName('ledger', 'Account:42')).toMatch(/^ledger:account:42#[0-9a-f]{32}$/);
    expect(lockName('ledger', 'x'.repeat(100))).toMatch(/^ledger:x{24}#[0-9a-f]{32}$/);
  });

  it('is at most 64 bytes of lower case, whatever the key', () => {
    fc.assert(
      fc.property(anyText, anyText, (namespace, key) => {
        expect(lockName(namespace, key)).toMatch(/^[a-z0-9_.:/#-]{1,64}$/);
      }),
    );
  });

  it('never gives two keys one name, however names are folded', () => {
    const key = fc.oneof(anyText, similar);
    fc.assert(
      fc.property(key, key, (one, other) => {
        fc.pre(one !== other);
        expect(folded(lockName('ledger', one))).not.toBe(folded(lockName('ledger', other)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps namespaces apart, also where the key looks like a part of one', () => {
    expect(lockName('a', 'b:c')).not.toBe(lockName('a:b', 'c'));
  });

  it('refuses keys that no name can stand for', () => {
    expect(() => lockName('ledger', '')).toThrow(InvalidParameterError);
    expect(() => lockName('ledger', '\udc00')).toThrow(InvalidParameterError);
  });
});

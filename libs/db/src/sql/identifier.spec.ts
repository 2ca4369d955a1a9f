import { InvalidIdentifierError } from '../db.errors.js';
import { quoteIdentifier, quoteTable } from './identifier.js';

describe('quoteIdentifier', () => {
  it.each(['a', '_a', 'A1_b', 'order', 'x'.repeat(64)])('quotes %s', (name) => {
    expect(quoteIdentifier(name)).toBe(`\`${name}\``);
  });

  it.each(['', '1a', 'a b', 'a-b', 'a`b', 'a.b', 'a;', 'a\n', '\na', 'é', 'a$', 'x'.repeat(65), "a'", 'a\0'])(
    'refuses %j',
    (name) => {
      expect(() => quoteIdentifier(name, 'column')).toThrow(InvalidIdentifierError);
    },
  );

  it.each([undefined, null, 1, {}, ['a'], { toString: () => 'a' }])('refuses what is no text: %j', (name) => {
    expect(() => quoteIdentifier(name as string)).toThrow(InvalidIdentifierError);
  });
});

describe('quoteTable', () => {
  it('quotes schema and table apart', () => {
    expect(quoteTable('t')).toBe('`t`');
    expect(quoteTable('s.t')).toBe('`s`.`t`');
  });

  it.each(['a.b.c', '.', 'a.', '.a', 'a. b', ''])('refuses %j', (name) => {
    expect(() => quoteTable(name)).toThrow(InvalidIdentifierError);
  });
});

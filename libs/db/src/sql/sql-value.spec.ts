import { InvalidParameterError } from '../db.errors.js';
import { toLiteral } from './sql-value.js';

describe('toLiteral', () => {
  it.each([
    ['text', "'text'"],
    ["it's \\ \n\0", "'it\\'s \\\\ \\n\\0'"],
    ['\u{1F600}', "'\u{1F600}'"],
    [0, '0'],
    [-0, '0'],
    [-1.5, '-1.5'],
    [1e21 / 1e6, '1000000000000000'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [9_223_372_036_854_775_807n, '9223372036854775807'],
    [-1n, '-1'],
    [true, 'true'],
    [false, 'false'],
    [null, 'NULL'],
    [Buffer.from([0, 39, 255]), "X'0027ff'"],
    [Buffer.alloc(0), "X''"],
    [new Date(Date.UTC(2026, 2, 29, 1, 30, 0, 7)), "'2026-03-29 01:30:00.007'"],
    [new Date(Date.UTC(1000, 0, 1)), "'1000-01-01 00:00:00.000'"],
  ])('writes %p', (value, literal) => {
    expect(toLiteral('p', value)).toBe(literal);
  });

  it.each([
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    1e20,
    {},
    { toSqlString: () => '1' },
    [],
    [1],
    new Map(),
    new Set([1]),
    new Uint8Array(1),
    () => 1,
    Symbol('x'),
    new Date(Number.NaN),
    new Date(Date.UTC(10_000, 0, 1)),
    new Date(Date.UTC(-1, 0, 1)),
    Object('boxed'),
    '\ud800',
  ])('refuses %p by the name of its parameter', (value) => {
    expect(() => toLiteral('amount', value)).toThrow(InvalidParameterError);
    expect(() => toLiteral('amount', value)).toThrow(/^Parameter "amount"/);
  });
});

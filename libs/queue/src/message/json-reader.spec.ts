import fc from 'fast-check';
import { readJson } from './json-reader.js';
import { DEFAULT_LIMITS } from './payload-limits.js';

const decode = (text: string): unknown => readJson(Buffer.from(text), DEFAULT_LIMITS);

describe('readJson, numbers', () => {
  it.each(['99999999999999.99', '9007199254740993.0', '1e-400', '-12345678901234567e0'])(
    'refuses %s, which a double would change',
    (text) => expect(() => decode(`{"money":${text}}`)).toThrow('a decimal that a double cannot hold'),
  );

  it.each(['0.1', '1e22', '1e+16', '5e-324', '0.30000000000000004', '1.0', '-0.0', '5.684341886080802e-14', '0e-999'])(
    'takes %s, as Python writes it',
    (text) => expect(decode(`{"a":${text}}`)).toEqual({ a: Number(text) }),
  );

  it('takes every double as it is written', () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    // toExponential keeps it from being an integer, which has a rule of its own
    fc.assert(fc.property(any, (x) => expect(decode(`[${x.toExponential()}]`)).toEqual([Number(x.toExponential())])));
  });

  it('keeps integers exact on both sides of 2^53, in any position', () => {
    expect(decode('[9007199254740991,9007199254740992,-9007199254740992,1]')).toEqual([
      9007199254740991,
      9007199254740992n,
      -9007199254740992n,
      1,
    ]);
    expect(decode('1180591620717411303424')).toBe(2n ** 70n);
  });
});

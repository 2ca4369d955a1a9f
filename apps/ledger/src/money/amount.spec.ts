import { fromCents, isDecimal, toCents } from './amount.js';

describe('amount', () => {
  it.each(['0', '0.5', '12.50', '9999999999999.99'])('takes %s as a decimal', (text) => {
    expect(isDecimal(text)).toBe(true);
  });

  it.each([12.5, '', '-1', '+1', '1.', '.5', '1.234', '1e3', '01', ' 1', '1\n', '10000000000000', null, ['1']])(
    'refuses %p',
    (value) => {
      expect(isDecimal(value)).toBe(false);
    },
  );

  it.each([
    ['0', 0n],
    ['0.5', 50n],
    ['12.34', 1234n],
    ['-0.07', -7n],
    ['-12.5', -1250n],
    ['9999999999999.99', 999999999999999n],
  ])('reads %s as %s cents', (text, cents) => {
    expect(toCents(text)).toBe(cents);
    expect(toCents(fromCents(cents))).toBe(cents);
  });

  it('writes two decimals', () => {
    expect([0n, 7n, -7n, 100n, -1250n].map(fromCents)).toEqual(['0.00', '0.07', '-0.07', '1.00', '-12.50']);
  });
});

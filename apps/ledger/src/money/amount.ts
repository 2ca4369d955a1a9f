/** At most 13 digits before the point and 2 after it: what a column DECIMAL(18,2) adds up without overflow. */
const DECIMAL = /^(?:0|[1-9]\d{0,12})(?:\.\d{1,2})?$/;

/** True for a decimal string such as `12.50`; never for a number, a sign, an exponent or a third decimal. */
export function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && DECIMAL.test(value);
}

/** The amount in hundredths, exactly; also of what MySQL returns for DECIMAL(18,2). */
export function toCents(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(`${whole}${fraction.padEnd(2, '0')}`);
}

/** Two decimals, always: `1250n` is `12.50`. */
export function fromCents(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

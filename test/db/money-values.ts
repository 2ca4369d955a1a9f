import fc from 'fast-check';

const WHOLE_EDGES = [
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 53n - 1n,
  -(2n ** 53n) - 1n,
  0n,
  -1n,
];

/** Every BIGINT, its edges and those of a double more often. */
export const bigints: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...WHOLE_EDGES),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

export const unsignedBigints: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 0n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

const MOST = 10n ** 38n - 1n;

/** Every DECIMAL(38, 18), as servers write it. */
export const decimals: fc.Arbitrary<string> = fc
  .oneof(fc.constantFrom(MOST, -MOST, 0n, 1n, -1n, 10n ** 18n), fc.bigInt({ min: -MOST, max: MOST }))
  .map((units) => {
    const digits = (units < 0n ? -units : units).toString().padStart(19, '0');
    return `${units < 0n ? '-' : ''}${digits.slice(0, -18)}.${digits.slice(-18)}`;
  });

/** What one row of the table `money` holds, as text. */
export interface Amounts {
  readonly big: string;
  readonly whole: string;
  readonly dec38: string;
}

export const amounts: fc.Arbitrary<Amounts> = fc.record({
  big: bigints.map(String),
  whole: unsignedBigints.map(String),
  dec38: decimals,
});

export const MONEY_TABLE =
  'CREATE TABLE money (id INT PRIMARY KEY, big BIGINT NOT NULL, whole BIGINT UNSIGNED NOT NULL, dec38 DECIMAL(38, 18) NOT NULL)';

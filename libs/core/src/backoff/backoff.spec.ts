import fc from 'fast-check';
import { equalJitter, fullJitter } from './backoff.js';

const options = { baseMs: 100, maxMs: 5_000 };

describe('backoff', () => {
  it('full jitter is drawn from zero to the doubled ceiling, and never above the maximum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (attempt, r) => {
          const ceiling = Math.min(5_000, 100 * 2 ** (attempt - 1));
          const delay = fullJitter(options, attempt, () => r);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(ceiling);
        },
      ),
    );
  });

  it('equal jitter waits at least half of the ceiling', () => {
    expect(equalJitter(options, 3, () => 0)).toBe(200);
    expect(equalJitter(options, 3, () => 0.999_999)).toBe(399);
    expect(equalJitter(options, 1_000, () => 0)).toBe(2_500);
  });
});

import { HeldLease } from './held-lease.js';
import type { LeaseGrant, LeaseStore } from './lease-store.js';

const grant: LeaseGrant = { name: 'n', holder: Buffer.alloc(16), token: '1', ttlMs: 1_000 };

describe('HeldLease', () => {
  let lostAt: number | undefined;
  beforeEach(() => {
    jest.useFakeTimers();
    lostAt = undefined;
  });
  afterEach(() => jest.useRealTimers());

  function hold(renew: LeaseStore['renew'], takenAt = performance.now()): HeldLease {
    const start = performance.now();
    return new HeldLease({ renew } as LeaseStore, grant, 'key', takenAt, () => {
      lostAt = performance.now() - start;
    });
  }

  const endless = (): Promise<boolean> => new Promise(() => undefined);
  const slowFailure = (): Promise<boolean> =>
    new Promise((_, reject) => setTimeout(() => reject(new Error('away')), 320));

  it.each([
    ['never answer', endless],
    ['fail slowly', slowFailure],
  ])('is lost when its time is over and renewals %s, not later', async (_what, renew) => {
    hold(renew);
    await jest.advanceTimersByTimeAsync(999);
    expect(lostAt).toBeUndefined();
    await jest.advanceTimersByTimeAsync(3);
    expect(lostAt).toBeLessThanOrEqual(1_002);
  });

  it('counts the time that taking it took', async () => {
    hold(endless, performance.now() - 900);
    await jest.advanceTimersByTimeAsync(102);
    expect(lostAt).toBeLessThanOrEqual(102);
  });

  it('is kept while it is renewed, and leaves no timer when it is stopped', async () => {
    const held = hold(() => Promise.resolve(true));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(lostAt).toBeUndefined();
    await held.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});

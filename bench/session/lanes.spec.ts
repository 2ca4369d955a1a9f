import { accountsOf, changesByAccount } from './lanes.js';

describe('lanes of the session work', () => {
  it('share all sessions, and no account', () => {
    const lanes = [0, 1, 2].map((lane) => accountsOf(lane, 3, 2_000));
    expect(lanes.map((accounts) => accounts.length)).toEqual([667, 667, 666]);
    const seen = lanes.map((accounts) => new Set(accounts));
    expect(new Set(lanes.flat()).size).toBe(seen.reduce((sum, { size }) => sum + size, 0));
    expect(Math.max(...lanes.flat())).toBeLessThanOrEqual(1_000);
  });

  it('leave no lane with less than nothing', () => {
    expect(accountsOf(5, 8, 2)).toEqual([]);
  });

  it('say how often each account changes', () => {
    expect([...changesByAccount(2, 5)]).toEqual([
      [1, 1],
      [3, 1],
      [5, 1],
      [2, 1],
      [4, 1],
    ]);
  });
});

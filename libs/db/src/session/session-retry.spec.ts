import { ConnectionLostError, DeadlockError } from '../db.errors.js';
import type { SessionOptions } from '../db.options.js';
import { runWithRetry } from './session-retry.js';

describe('runWithRetry', () => {
  it('gives each attempt what is left of the time, or less where the caller says so', async () => {
    const given: (number | undefined)[] = [];
    const attempt = async (number: number, options: SessionOptions): Promise<void> => {
      given.push(options.timeoutMs);
      if (number < 3) throw new DeadlockError('Made up.');
    };
    const backoff = { baseMs: 1, maxMs: 1 };
    await runWithRetry(attempt, { budgetMs: 1_000, backoff });
    expect(given).toHaveLength(3);
    for (const ms of given) expect(ms).toBeLessThanOrEqual(1_000);
    given.length = 0;
    await runWithRetry(attempt, { budgetMs: 1_000, timeoutMs: 10, backoff });
    expect(given).toEqual([10, 10, 10]);
  });

  it('passes the session options on, and its own not', async () => {
    const signal = new AbortController().signal;
    let seen: object = {};
    await runWithRetry(
      async (_number, options) => {
        seen = options;
      },
      { attempts: 2, budgetMs: 100, backoff: { baseMs: 1, maxMs: 1 }, readOnly: true, signal },
    );
    expect(Object.keys(seen).toSorted()).toEqual(['readOnly', 'signal', 'timeoutMs']);
  });

  it('does not begin a pause that ends after the time', async () => {
    let calls = 0;
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.999);
    const run = runWithRetry(
      async () => {
        calls += 1;
        throw new ConnectionLostError();
      },
      { budgetMs: 5_000, backoff: { baseMs: 60_000, maxMs: 60_000 } },
    );
    await expect(run).rejects.toMatchObject({ attempts: 1 });
    random.mockRestore();
    expect(calls).toBe(1);
  });
});

import { resolveDbOptions, resolveSessionOptions } from './db.options.js';

describe('resolveDbOptions', () => {
  it('fills every default in', () => {
    expect(resolveDbOptions()).toEqual({
      acquireTimeoutMs: 10_000,
      statementTimeoutMs: 60_000,
      leakAfterMs: 60_000,
      onLeak: expect.any(Function),
      lockNamespace: undefined,
      onHookError: expect.any(Function),
      defaults: {
        isolation: 'READ COMMITTED',
        readOnly: false,
        lockWaitMs: 5_000,
        abortOnLockTimeout: true,
        trackOutcome: false,
        bigints: false,
        independent: false,
      },
    });
  });

  it('throws all faults at once', () => {
    expect(() => resolveDbOptions({ acquireTimeoutMs: 0, statementTimeoutMs: 1.5 })).toThrow(
      /acquireTimeoutMs must be an integer >= 1; statementTimeoutMs must be an integer from 0 to 2147483647; .*lockWaitMs/,
    );
    expect(() => resolveDbOptions({ defaults: { isolation: 'CHAOS' as never, lockWaitMs: -1 } })).toThrow(
      /isolation must be one of.*lockWaitMs must be/,
    );
    expect(() => resolveDbOptions({ statementTimeoutMs: 1_000 })).toThrow(/greater than defaults.lockWaitMs/);
  });

  it('takes a statement timeout of 0 for none', () => {
    expect(resolveDbOptions({ statementTimeoutMs: 0 }).statementTimeoutMs).toBe(0);
  });
});

describe('resolveSessionOptions', () => {
  const { defaults } = resolveDbOptions({ defaults: { readOnly: true, timeoutMs: 1_000 } });

  it('is the defaults themselves when nothing is asked for', () => {
    expect(resolveSessionOptions(undefined, defaults)).toBe(defaults);
  });

  it('takes undefined for not given', () => {
    expect(resolveSessionOptions({ readOnly: undefined, timeoutMs: 5 }, defaults)).toEqual({
      ...defaults,
      timeoutMs: 5,
    });
  });
});

import { resolveOutboxOptions } from './outbox.options.js';

describe('options of the outbox', () => {
  it('have defaults, also for what is given as undefined', () => {
    expect(resolveOutboxOptions({ relay: { pollMs: undefined as unknown as number, batchSize: 7 } }).relay).toEqual({
      pollMs: 1_000,
      concurrency: 2,
      batchSize: 7,
      batchBytes: 4_194_304,
      publishTimeoutMs: 5_000,
      retry: { baseMs: 500, maxMs: 60_000 },
      keepPublishedMs: 3_600_000,
      verifyWindowMs: 600_000,
      purgeEveryMs: 60_000,
    });
    expect(resolveOutboxOptions({ relay: false }).relay).toBeUndefined();
  });

  it('are refused with all their faults at once', () => {
    const options = {
      inbox: { retentionMs: 1 },
      relay: { pollMs: 0, batchSize: 513, keepPublishedMs: 1_000, verifyWindowMs: 1_001 },
    };
    expect(() => resolveOutboxOptions(options)).toThrow(
      /inbox\.retentionMs .*relay\.pollMs .*relay\.batchSize must be an integer from 1 to 512.*verifyWindowMs must not be longer/,
    );
  });
});

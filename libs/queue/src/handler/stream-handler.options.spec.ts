import fc from 'fast-check';
import { StreamHandler } from './stream-handler.decorator.js';
import { resolveStreamHandlerOptions, type StreamHandlerOptions } from './stream-handler.options.js';

const faultsOf = (options: Partial<StreamHandlerOptions>): readonly string[] => {
  try {
    resolveStreamHandlerOptions('Transfers.on', { stream: 's', group: 'g', ...options });
    return [];
  } catch (error) {
    return (error as { faults: readonly string[] }).faults;
  }
};

describe('resolveStreamHandlerOptions', () => {
  it('fills in the defaults', () => {
    expect(resolveStreamHandlerOptions('A.b', { stream: 's', group: 'g' })).toEqual({
      stream: 's',
      group: 'g',
      connection: undefined,
      db: 'default',
      exactlyOnce: false,
      concurrency: 1,
      prefetchBytes: 16_777_216,
      orderBy: undefined,
      orderOnFailure: undefined,
      maxParked: 10_000,
      payload: undefined,
      maxDeliveries: 10,
      retry: { baseMs: 1_000, maxMs: 30_000 },
      blockMs: 5_000,
      claimIdleMs: 60_000,
      claimIntervalMs: 4_000,
      livenessMs: 10_000,
      consumer: undefined,
      groupStart: '0',
      handlerTimeoutMs: undefined,
      batch: undefined,
      rateLimit: undefined,
      session: {},
    });
  });

  it('parks by default where it orders', () => {
    expect(resolveStreamHandlerOptions('A.b', { stream: 's', group: 'g', orderBy: 'key' }).orderOnFailure).toBe('park');
  });

  it('takes undefined for not given', () => {
    expect(resolveStreamHandlerOptions('A.b', { stream: 's', group: 'g', concurrency: undefined }).concurrency).toBe(1);
  });

  it('names the method and all faults at once', () => {
    const refused = (): unknown =>
      resolveStreamHandlerOptions('Transfers.on', { stream: '', group: ' ', concurrency: 0, groupStart: 'now' });
    expect(refused).toThrow(
      /^@StreamHandler Transfers\.on: stream must .*; group must .*; groupStart must .*; concurrency must /,
    );
  });

  it.each<[Partial<StreamHandlerOptions>, string]>([
    [{ stream: 'x'.repeat(257) }, 'stream must be a name of 1 to 256 characters'],
    [{ consumer: '' }, 'consumer must be a name of 1 to 256 characters'],
    [{ blockMs: 0 }, 'blockMs must be an integer from 1 to 2147483647'],
    [{ blockMs: 2 ** 31 }, 'blockMs must be an integer from 1 to 2147483647'],
    [{ maxDeliveries: 1.5 }, 'maxDeliveries must be an integer >= 1'],
    [{ prefetchBytes: 0 }, 'prefetchBytes must be an integer >= 1'],
    [{ orderBy: 'id' as never }, "orderBy must be 'key'"],
    [{ orderBy: 'key', orderOnFailure: 'stop' as never }, 'orderOnFailure must be one of park, skip, overtake'],
    [{ orderOnFailure: 'skip' }, 'orderOnFailure needs orderBy'],
    [{ maxParked: 5 }, 'maxParked needs orderBy'],
    [{ orderBy: 'key', maxParked: 0 }, 'maxParked must be an integer from 1 to 1000000'],
    [{ groupStart: '5-' }, "groupStart must be '0', '$' or an entry id"],
    [{ payload: {} as never }, 'payload must be a class or a Standard Schema'],
    [{ retry: { baseMs: 9, maxMs: 5 } }, 'retry.baseMs must not exceed retry.maxMs'],
    [{ retry: { baseMs: 1, maxMs: 60_000 } }, 'retry.maxMs must be less than claimIdleMs'],
    [{ claimIntervalMs: 6_000 }, 'livenessMs must be at least twice claimIntervalMs'],
    [{ handlerTimeoutMs: 0 }, 'handlerTimeoutMs must be an integer from 1 to 2147483647'],
    [{ batch: 100 as never }, 'batch must be an object'],
    [{ batch: { size: 0 } }, 'batch.size must be an integer from 1 to 1000'],
    [{ batch: { waitMs: -1 } }, 'batch.waitMs must be an integer from 0 to 2147483647'],
    [{ batch: { mode: 'all' as never } }, "batch.mode must be 'together' or 'each'"],
    [{ batch: { sise: 3 } as never }, 'batch.sise is not an option (size, waitMs, mode)'],
    [{ batch: { size: 1_000 }, concurrency: 11 }, 'batch.size times concurrency must be at most 10000'],
    [{ rateLimit: 5 as never }, 'rateLimit must be an object'],
    [{ rateLimit: { messages: 0, perMs: 1 } }, 'rateLimit.messages must be an integer from 1 to 1000000'],
    [{ rateLimit: { messages: 1 } as never }, 'rateLimit.perMs must be an integer from 1 to 86400000'],
    [{ rateLimit: { messages: 1, perMs: 1, burst: 2 } as never }, 'rateLimit.burst is not an option (messages, perMs)'],
    [{ session: null as never }, 'session must be an object'],
    [{ retry: null as never }, 'retry must be an object'],
    [{ retry: { baseMs: 1, maxMs: 2, jitter: 1 } as never }, 'retry.jitter is not an option (baseMs, maxMs)'],
    [
      { session: { isolation: 'NOPE' as never } },
      'session.isolation must be one of READ UNCOMMITTED, READ COMMITTED, REPEATABLE READ, SERIALIZABLE',
    ],
    [{ session: { lockWaitMs: 'x' as never } }, 'session.lockWaitMs must be an integer >= 0'],
    [{ session: { readOnly: 'no' as never } }, 'session.readOnly must be true or false'],
    [
      { session: { independent: true } as never },
      'session.independent is not an option (isolation, readOnly, timeoutMs, lockWaitMs, abortOnLockTimeout)',
    ],
  ])('refuses %j', (options, fault) => {
    expect(faultsOf(options)).toEqual([fault]);
  });

  it('takes a handler that runs for longer than claimIdleMs: its lease is renewed meanwhile', () => {
    expect(faultsOf({ handlerTimeoutMs: 90_000, session: { timeoutMs: 90_000 }, claimIdleMs: 60_000 })).toEqual([]);
  });

  it('refuses the name of an option that does not exist', () => {
    expect(faultsOf({ maxDeliverys: 3 } as never)).toEqual([
      expect.stringMatching(/^maxDeliverys is not an option \(.*maxDeliveries/),
    ]);
  });

  it.each([undefined, null, 'stream'])('a mark with %p for options is refused where it stands', (options) => {
    const mark = (): unknown => StreamHandler(options as never)({ constructor: { name: 'A' } }, 'b', {});
    expect(mark).toThrow('@StreamHandler A.b has no options.');
  });

  it.each(['0', '$', '5', '1700000000000-3'])('takes groupStart %s', (groupStart) => {
    expect(faultsOf({ groupStart })).toEqual([]);
  });

  it('never contradicts itself by its own defaults, whatever claimIdleMs is', () => {
    const anyIdle = fc.integer({ min: 2, max: 2 ** 31 - 1 });
    fc.assert(fc.property(anyIdle, (claimIdleMs) => expect(faultsOf({ claimIdleMs })).toEqual([])));
  });
});

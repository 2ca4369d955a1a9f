import { DeliveryContext } from './delivery-context.js';

const context = new DeliveryContext({ signal: new AbortController().signal }, 1, 1, () => Promise.resolve(true));

describe('DeliveryContext', () => {
  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, '5' as never, null as never])(
    'refuses to retry after %p ms',
    (delayMs) =>
      expect(() => context.retry({ delayMs })).toThrow('context.retry(): delayMs must be a number of ms >= 0'),
  );

  it.each([{}, { delayMs: undefined as never }, { delayMs: 0 }, { delayMs: 1.5 }])('retries with %j', (options) => {
    expect(context.retry(options)).toEqual({ kind: 'retry', ...options });
  });

  it.each(['', undefined, 7])('never writes %p for a reason', (reason) => {
    expect(context.deadLetter(reason as never)).toEqual({ kind: 'deadLetter', reason: 'requested' });
  });
});

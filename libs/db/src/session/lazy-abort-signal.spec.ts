import { AsyncLocalStorage } from 'node:async_hooks';
import { LazyAbortSignal } from './lazy-abort-signal.js';

describe('LazyAbortSignal', () => {
  it('is the same signal each time, aborted once with the first reason', () => {
    const lazy = new LazyAbortSignal();
    const { signal } = lazy;
    expect(lazy.signal).toBe(signal);
    expect(signal.aborted).toBe(false);
    lazy.abort('first');
    lazy.abort('second');
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe('first');
  });

  it('is aborted from the start when it was asked for too late', () => {
    const lazy = new LazyAbortSignal();
    lazy.abort('early');
    expect(lazy.signal.aborted).toBe(true);
    expect(lazy.signal.reason).toBe('early');
  });

  it('N8 runs its listeners in the context of whoever asked for it', () => {
    const tenant = new AsyncLocalStorage<string>();
    const lazy = new LazyAbortSignal();
    const seen: unknown[] = [];
    tenant.run('asker', () => lazy.signal.addEventListener('abort', () => seen.push(tenant.getStore())));
    tenant.run('socket', () => lazy.abort('lost'));
    expect(seen).toEqual(['asker']);
  });
});

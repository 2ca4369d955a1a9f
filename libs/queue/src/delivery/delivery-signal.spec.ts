import { sleep } from '@safesync/core';
import { DeliverySignal } from './delivery-signal.js';

describe('DeliverySignal', () => {
  it('tells whoever listens, once, with the first reason', () => {
    const signal = new DeliverySignal();
    const heard: unknown[] = [];
    const forgotten = (): void => void heard.push('forgotten');
    signal.addEventListener('abort', () => void heard.push(signal.reason));
    signal.addEventListener('abort', forgotten);
    signal.removeEventListener('abort', forgotten);
    expect(signal.aborted).toBe(false);
    signal.abort('first');
    signal.abort('second');
    expect(heard).toEqual(['first']);
    expect(signal).toMatchObject({ aborted: true, reason: 'first' });
  });

  it('tells the others too when one of them throws, which is an uncaught exception', () => {
    const signal = new DeliverySignal();
    const heard: string[] = [];
    const uncaught: (() => void)[] = [];
    const later = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => void uncaught.push(task));
    signal.addEventListener('abort', () => {
      throw new Error('thrown');
    });
    signal.addEventListener('abort', () => void heard.push('second'));
    signal.abort('enough');
    later.mockRestore();
    expect(heard).toEqual(['second']);
    expect(uncaught).toHaveLength(1);
    expect(uncaught[0]).toThrow('thrown');
  });

  it('ends a wait as an AbortSignal does', async () => {
    const signal = new DeliverySignal();
    const asleep = sleep(60_000, signal);
    signal.abort('enough');
    await expect(asleep).resolves.toBeUndefined();
    await expect(sleep(60_000, signal)).resolves.toBeUndefined();
  });
});

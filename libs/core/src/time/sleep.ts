/** The longest delay a Node timer honours; above it the timer fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** What is needed of an `AbortSignal`. Those of the platform are costly to make and to listen to. */
export interface SignalLike {
  readonly aborted: boolean;
  /** Why; whatever was given when it was aborted. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Resolves after `ms` (clamped to what a timer can hold), or at once when `signal` aborts; never rejects. */
export function sleep(ms: number, signal?: SignalLike): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(Math.max(0, ms), MAX_TIMER_MS));
    signal?.addEventListener('abort', done, { once: true });
  });
}

import { MAX_TIMER_MS } from './sleep.js';

/**
 * Settles as `work` does, or rejects with `onExpiry()` after `ms`. The work is not cancelled: whoever started it decides what
 * its late result means (`onLate` receives it).
 */
export function withDeadline<T>(
  work: Promise<T>,
  ms: number,
  onExpiry: () => Error,
  onLate?: (value: T) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let expired = false;
    const timer = setTimeout(
      () => {
        expired = true;
        reject(onExpiry());
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    work.then(
      (value) => {
        clearTimeout(timer);
        if (expired) onLate?.(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

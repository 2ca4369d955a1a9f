import { MAX_TIMER_MS, type SignalLike } from '../time/sleep.js';

/** Lets loops wait for "something changed" without polling; a loop checks its condition again after each wake-up. */
export class Wakeup {
  private readonly waiting = new Set<() => void>();

  /** Wakes everybody who waits now. */
  notify(): void {
    for (const wake of this.waiting) wake();
  }

  /** Resolves when `condition` holds (checked now and after every `notify`) or when `signal` aborts. */
  async until(condition: () => boolean, signal: SignalLike): Promise<void> {
    while (!condition() && !signal.aborted) await this.next(signal);
  }

  /** Resolves after `ms`, at the next `notify`, or when `signal` aborts. The process does not stay alive for it when `isIdle`. */
  sleep(ms: number, signal: SignalLike, { isIdle = false } = {}): Promise<void> {
    return this.next(signal, (wake) => {
      const timer = setTimeout(wake, Math.min(Math.max(0, Math.ceil(ms)), MAX_TIMER_MS));
      return isIdle ? timer.unref() : timer;
    });
  }

  private next(signal: SignalLike, arm?: (wake: () => void) => NodeJS.Timeout): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = arm?.(wake);
      signal.addEventListener('abort', wake, { once: true });
      this.waiting.add(wake);
    });
  }
}

import { MAX_TIMER_MS, type SignalLike } from '@safesync/core';

/** How long, and on whose word, to wait. */
export interface WaitOptions {
  /** Longest wait, in ms; 0 does not wait at all. */
  readonly timeoutMs: number;
  /** The error of a wait that was too long. */
  readonly onTimeout: () => Error;
  /** Gives the wait up. */
  readonly signal?: SignalLike | undefined;
  /** The error of a wait that was given up. */
  readonly onAbort: (reason: unknown) => Error;
}

interface Waiter<T> {
  readonly serve: (value: T) => void;
  readonly fail: (error: Error) => void;
}

/** Who waits for something that is handed out one at a time: first come, first served, each with a limit of its own. */
export class WaitingLine<T> {
  private readonly waiters = new Set<Waiter<T>>();

  get length(): number {
    return this.waiters.size;
  }

  /** Waits at the end of the line; whoever gives up leaves it. */
  join({ timeoutMs, onTimeout, signal, onAbort }: WaitOptions): Promise<T> {
    if (signal?.aborted) return Promise.reject(onAbort(signal.reason));
    if (timeoutMs <= 0) return Promise.reject(onTimeout());
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        this.waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter<T> = {
        serve: (value) => {
          leave();
          resolve(value);
        },
        fail: (error) => {
          leave();
          reject(error);
        },
      };
      const abort = (): void => waiter.fail(onAbort(signal?.reason));
      const expire = (): void => waiter.fail(onTimeout());
      let timer: NodeJS.Timeout | undefined;
      // first what may throw: nobody may stand in line who cannot leave it
      signal?.addEventListener('abort', abort, { once: true });
      timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS));
      this.waiters.add(waiter);
    });
  }

  /** Hands `value` to the first in line; false when nobody waits. */
  serve(value: T): boolean {
    const [first] = this.waiters;
    first?.serve(value);
    return first !== undefined;
  }

  /** Ends the wait of the last in line with `error`: those before have waited longer, for something that may still come. */
  fail(error: Error): void {
    [...this.waiters].at(-1)?.fail(error);
  }
}

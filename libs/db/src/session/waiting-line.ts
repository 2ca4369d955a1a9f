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
  /** Goes before all who do not: whoever holds what others wait for. Where both wait they take turns, so that nobody starves. */
  readonly isFirst?: boolean;
}

/** One wait. */
export interface Waiting<T> {
  readonly served: Promise<T>;
  /** Ends it. */
  readonly fail: (error: Error) => void;
}

interface Waiter<T> {
  readonly serve: (value: T) => void;
  readonly fail: (error: Error) => void;
}

/** Who waits for something that is handed out one at a time: first come, first served, each with a limit of its own. */
export class WaitingLine<T> {
  private readonly ahead = new Set<Waiter<T>>();
  private readonly others = new Set<Waiter<T>>();
  private isTurnOfOthers = false;

  get length(): number {
    return this.ahead.size + this.others.size;
  }

  /** Waits at the end of the line; whoever gives up leaves it. */
  join({ timeoutMs, onTimeout, signal, onAbort, isFirst = false }: WaitOptions): Waiting<T> {
    if (signal?.aborted) return refused(onAbort(signal.reason));
    if (timeoutMs <= 0) return refused(onTimeout());
    const line = isFirst ? this.ahead : this.others;
    let fail: Waiting<T>['fail'] = () => undefined;
    const served = new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        line.delete(waiter);
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
      fail = waiter.fail;
      const abort = (): void => waiter.fail(onAbort(signal?.reason));
      const expire = (): void => waiter.fail(onTimeout());
      let timer: NodeJS.Timeout | undefined;
      // first what may throw: nobody may stand in line who cannot leave it
      signal?.addEventListener('abort', abort, { once: true });
      timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS));
      line.add(waiter);
    });
    return { served, fail };
  }

  /** Hands `value` to the first in line; false when nobody waits. */
  serve(value: T): boolean {
    const { ahead, others } = this;
    const [first] = others.size === 0 || (ahead.size > 0 && !this.isTurnOfOthers) ? ahead : others;
    this.isTurnOfOthers = ahead.size > 0 && others.size > 0 && !this.isTurnOfOthers;
    first?.serve(value);
    return first !== undefined;
  }

  /** Ends the wait of the last in line with `error`: those before have waited longer, for something that may still come. */
  fail(error: Error): void {
    [...this.ahead, ...this.others].at(-1)?.fail(error);
  }
}

function refused<T>(reason: Error): Waiting<T> {
  return { served: Promise.reject(reason), fail: () => undefined };
}

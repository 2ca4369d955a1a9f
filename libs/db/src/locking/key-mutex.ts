import { MAX_TIMER_MS } from '@safesync/core';

/** How long, and on whose word, to wait for one's turn. */
export interface TurnOptions {
  /** Longest wait, in ms; 0 takes the turn only if nobody has it. */
  readonly timeoutMs: number;
  /** The error of a wait that was too long. */
  readonly onTimeout: () => Error;
  /** Gives the wait up; a turn that has begun is not affected. */
  readonly signal?: AbortSignal | undefined;
  /** The error of a wait that was given up. */
  readonly onAbort: (reason: unknown) => Error;
}

type Begin = () => void;

/** One at a time per key, first come first served, within this process. Keys that nobody uses take no memory. */
export class KeyMutex {
  /** Per key whose turn somebody has: those who wait behind. */
  private readonly queues = new Map<string, Set<Begin>>();

  /** Waits for the turn; resolves to what ends it. Ending it again does nothing. */
  async enter(key: string, options: TurnOptions): Promise<() => void> {
    if (options.signal?.aborted) throw options.onAbort(options.signal.reason);
    const queue = this.queues.get(key);
    if (queue === undefined) this.queues.set(key, new Set());
    else await waitIn(queue, options);
    let hasTurn = true;
    return () => {
      if (hasTurn) this.pass(key);
      hasTurn = false;
    };
  }

  /** The turn goes straight to the first in line: nobody who comes in between can take it. */
  private pass(key: string): void {
    const next = this.queues.get(key)?.values().next().value;
    if (next === undefined) this.queues.delete(key);
    else next();
  }
}

function waitIn(queue: Set<Begin>, { timeoutMs, onTimeout, signal, onAbort }: TurnOptions): Promise<void> {
  if (timeoutMs <= 0) return Promise.reject(onTimeout());
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      queue.delete(begin);
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const begin = (): void => {
      leave();
      resolve();
    };
    const abort = (): void => {
      leave();
      reject(onAbort(signal?.reason));
    };
    const expire = (): void => {
      leave();
      reject(onTimeout());
    };
    const timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS));
    queue.add(begin);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

import { MAX_TIMER_MS } from '@safesync/core';
import { SessionAbortedError, SessionTimeoutError } from '../db.errors.js';
import type { ResolvedSessionOptions } from '../db.options.js';

/** When a session must be over: its `timeoutMs`, counted from the call of `run`, and the caller's signal. */
export class SessionDeadline {
  private readonly endsAt: number | undefined;

  constructor(private readonly options: ResolvedSessionOptions) {
    this.endsAt = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
  }

  /** True when there is something to watch. */
  get isSet(): boolean {
    return this.endsAt !== undefined || this.options.signal !== undefined;
  }

  /** Milliseconds left, never negative; infinite without a limit. */
  get remainingMs(): number {
    return this.endsAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.endsAt - performance.now());
  }

  /** Throws what `watch` would call back with, if it is already time. */
  requireTime(): void {
    const { signal, timeoutMs } = this.options;
    if (signal?.aborted) throw new SessionAbortedError('sessions.run', signal.reason);
    if (this.remainingMs <= 0) throw new SessionTimeoutError(timeoutMs as number);
  }

  /** Calls `onEnd` when time is up or the signal aborts, at once if it has already; the returned function calls it off. */
  watch(onEnd: (reason: SessionTimeoutError | SessionAbortedError) => void): () => void {
    const { signal, timeoutMs } = this.options;
    const onAbort = (): void => onEnd(new SessionAbortedError('The rest of the session', signal?.reason));
    // an abort that has happened, while the connection was being prepared, is not told again
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      this.endsAt === undefined
        ? undefined
        : setTimeout(
            () => onEnd(new SessionTimeoutError(timeoutMs as number)),
            Math.min(this.remainingMs, MAX_TIMER_MS),
          );
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }
}

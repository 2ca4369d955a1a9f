import type { SignalLike } from '@safesync/core';

/**
 * Tells one delivery that it has to end. One is made for every message, so it is no `AbortSignal`: making and watching one of
 * those costs more than all else that happens around a session. Handlers see the session's own signal, which is one.
 */
export class DeliverySignal implements SignalLike {
  private cause: { readonly reason: unknown } | undefined;
  private readonly listeners = new Set<() => void>();

  get aborted(): boolean {
    return this.cause !== undefined;
  }

  get reason(): unknown {
    return this.cause?.reason;
  }

  /** Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.cause !== undefined) return;
    this.cause = { reason };
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const listener of listeners) call(listener);
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }
}

/** What a listener throws is an uncaught exception, as with an AbortSignal, and keeps no other from being told. */
function call(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

import { AsyncResource } from 'node:async_hooks';

/** An abort signal that costs nothing until somebody looks at it. */
export class LazyAbortSignal {
  private made: AbortSignal | undefined;
  private fire: ((reason: unknown) => void) | undefined;
  private abortedWith: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    this.made ??= this.make();
    return this.made;
  }

  /** Only the first reason counts. */
  abort(reason: unknown): void {
    this.abortedWith ??= { reason };
    this.fire?.(reason);
  }

  private make(): AbortSignal {
    const controller = new AbortController();
    if (this.abortedWith !== undefined) controller.abort(this.abortedWith.reason);
    // a socket's event may fire it: listeners then run in the context of whoever asked for the signal, not of the socket
    this.fire = AsyncResource.bind((reason: unknown) => controller.abort(reason));
    return controller.signal;
  }
}

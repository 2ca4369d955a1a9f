import { WaitingLine, type WaitOptions } from '../session/waiting-line.js';

/** One at a time per key, first come first served, within this process. Keys that nobody uses take no memory. */
export class KeyMutex {
  /** Per key whose turn somebody has: those who wait behind. */
  private readonly lines = new Map<string, WaitingLine<void>>();

  /** Waits for the turn, with `timeoutMs` 0 only if nobody has it; resolves to what ends it. Ending it again does nothing. */
  async enter(key: string, options: WaitOptions): Promise<() => void> {
    if (options.signal?.aborted) throw options.onAbort(options.signal.reason);
    const line = this.lines.get(key);
    if (line === undefined) this.lines.set(key, new WaitingLine());
    else await line.join(options).served;
    let hasTurn = true;
    return () => {
      if (hasTurn) this.pass(key);
      hasTurn = false;
    };
  }

  /** The turn goes straight to the first in line: nobody who comes in between can take it. */
  private pass(key: string): void {
    if (this.lines.get(key)?.serve() !== true) this.lines.delete(key);
  }
}

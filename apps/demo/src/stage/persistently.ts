import { sleep } from '@safesync/core';

const PAUSE_MS = 500;
const LIMIT_MS = 60_000;

/**
 * Tries again while `work` fails, for a minute: a server may be dead and on its way back. For work that may be repeated. Throws
 * the last error, or the reason of `signal`.
 */
export async function persistently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() > deadline) throw error;
      await sleep(PAUSE_MS, signal);
    }
  }
}

import { type BackoffOptions, equalJitter, sleep } from '@safesync/core';
import { isConnectionError } from './driver-error.js';

/** One line of an operator's log. */
export type Say = (line: string) => void;

const BACKOFF: BackoffOptions = { baseMs: 200, maxMs: 5_000 };

/**
 * Repeats `attempt` for as long as the server cannot be reached, saying so each time; other errors, a wrong password for
 * example, are thrown at once, since waiting would not help.
 *
 * @param what what is waited for, as the log should name it
 */
export async function untilReachable<T>(what: string, attempt: () => Promise<T>, say: Say): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConnectionError(error)) throw error;
      const pauseMs = equalJitter(BACKOFF, failures);
      say(`Waiting for ${what}: ${(error as Error).message} Next attempt in ${pauseMs} ms.`);
      await sleep(pauseMs);
    }
  }
}

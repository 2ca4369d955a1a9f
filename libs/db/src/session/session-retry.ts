import { fullJitter, sleep } from '@safesync/core';
import { DbError } from '../db.errors.js';
import { type RetryOptions, resolveRetryOptions, type SessionOptions } from '../db.options.js';
import { isRetryable } from './driver-error.js';

/** Repeats `attempt` within its number and its time; each gets what is left of the time as its own limit. */
export async function runWithRetry<T>(
  attempt: (number: number, options: SessionOptions) => Promise<T>,
  options: SessionOptions & RetryOptions = {},
): Promise<T> {
  const { attempts, budgetMs, backoff } = resolveRetryOptions(options);
  const { attempts: _attempts, budgetMs: _budget, backoff: _backoff, ...session } = options;
  const endsAt = performance.now() + budgetMs;
  for (let number = 1; ; number += 1) {
    const remainingMs = Math.max(1, Math.ceil(endsAt - performance.now()));
    try {
      return await attempt(number, { ...session, timeoutMs: Math.min(remainingMs, session.timeoutMs ?? remainingMs) });
    } catch (error) {
      const pauseMs = fullJitter(backoff, number);
      const isLast = number >= attempts || performance.now() + pauseMs >= endsAt || session.signal?.aborted === true;
      if (isLast || !isRetryable(error)) throw withAttempts(error, number);
      await sleep(pauseMs, session.signal);
    }
  }
}

/** Notes the number on the library's error, also where the callback wrapped it. */
function withAttempts(error: unknown, attempts: number): unknown {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if (current instanceof DbError) {
      current.attempts = attempts;
      break;
    }
    current = current.cause;
  }
  return error;
}

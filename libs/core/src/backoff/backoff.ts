/** Delays between attempts: exponential between `baseMs` and `maxMs`. */
export interface BackoffOptions {
  /** Upper bound of the first delay, in ms. */
  readonly baseMs: number;
  /** Upper bound of any delay, in ms. */
  readonly maxMs: number;
}

/**
 * Full jitter: a delay drawn evenly from 0 to `min(maxMs, baseMs * 2^(attempt - 1))`, so that contenders that failed together
 * do not meet again. (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015.)
 *
 * @param attempt the attempt that just failed, from 1
 * @param random a source of [0, 1)
 */
export function fullJitter(options: BackoffOptions, attempt: number, random: () => number = Math.random): number {
  return Math.floor(random() * backoffCeiling(options, attempt));
}

/** Equal jitter: half of the ceiling, plus full jitter over the other half; for retries that must not come at once. */
export function equalJitter(options: BackoffOptions, attempt: number, random: () => number = Math.random): number {
  const half = backoffCeiling(options, attempt) / 2;
  return Math.floor(half + random() * half);
}

function backoffCeiling({ baseMs, maxMs }: BackoffOptions, attempt: number): number {
  // beyond 2^30 the shift only overflows; the ceiling is reached long before
  return Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
}

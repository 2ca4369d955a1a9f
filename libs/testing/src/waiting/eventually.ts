import { SafeSyncError, sleep } from '@safesync/core';

/** A fact did not come true in time. `cause` is the last error of the question, if it threw. */
export class NotInTimeError extends SafeSyncError {
  constructor(what: string, withinMs: number, last: string, cause?: unknown) {
    super(`${what}: not within ${withinMs} ms (${last}).`, {
      code: 'NOT_IN_TIME',
      remedy: 'See the last answer above; raise withinMs only if the machine is slower than the deadline assumed.',
      cause,
    });
  }
}

export interface EventuallyOptions {
  /** What is awaited, in words; the first part of the error. */
  readonly what: string;
  /** Deadline in milliseconds. Default 10 000. */
  readonly withinMs?: number;
  /** Pause between two questions in milliseconds. Default 20. */
  readonly everyMs?: number;
}

/** What counts as an answer. Nothing (`undefined`) does not, so that a missing `return` cannot pass for a fact. */
export type Answer = string | number | bigint | true | object;

/**
 * Asks until `fact` answers with something other than `false`, `null` or `undefined`, and returns that answer. A question that
 * throws (a failed expectation, a refused connection) is asked again. Rejects with `NotInTimeError` at the deadline.
 */
export async function eventually<T extends Answer>(
  fact: () => T | false | null | undefined | Promise<T | false | null | undefined>,
  options: EventuallyOptions,
): Promise<T> {
  const withinMs = options.withinMs ?? 10_000;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const { answer, error } = await ask(fact);
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() >= deadline) {
      const last = error instanceof Error ? `last error: ${error.message}` : `last answer: ${String(answer)}`;
      throw new NotInTimeError(options.what, withinMs, last, error);
    }
    await sleep(options.everyMs ?? 20);
  }
}

async function ask<T>(fact: () => T | Promise<T>): Promise<{ answer?: T; error?: unknown }> {
  try {
    return { answer: await fact() };
  } catch (error) {
    return { error };
  }
}

import { type BackoffOptions, equalJitter } from '@safesync/core';
import { PublishOutcomeUnknownError, type PublishResult, RedisReplyError } from '@safesync/queue';
import type { ClaimedRow } from './claimed-rows.js';

export interface PublishedRow {
  readonly row: ClaimedRow;
  readonly entryId: string;
}

/** A row that Redis refused, or did not answer for. */
export interface FailedRow {
  readonly row: ClaimedRow;
  /** First word of Redis's answer, or the code of the error. */
  readonly code: string;
  /** Until the next attempt, in ms. */
  readonly waitMs: number;
}

/** What became of the rows of one publish. */
export interface PublishOutcomes {
  readonly published: readonly PublishedRow[];
  readonly failed: readonly FailedRow[];
  /** Rows that were not sent, since the connection was gone: as they were. */
  readonly unsent: number;
}

/** Sorts answers out: pure, one row after the other. */
export function publishOutcomes(
  chains: readonly (readonly ClaimedRow[])[],
  results: readonly (readonly PublishResult[])[],
  backoff: BackoffOptions,
): PublishOutcomes {
  const published: PublishedRow[] = [];
  const failed: FailedRow[] = [];
  let unsent = 0;
  for (const [at, chain] of chains.entries()) {
    let isBehind = false;
    for (const [index, row] of chain.entries()) {
      const result = results[at]?.[index] as PublishResult;
      const code = 'error' in result ? failureCode(result.error) : undefined;
      if ('entryId' in result) published.push({ row, entryId: result.entryId });
      // left as it was: the next claim finds that the one before it is put off
      else if (isBehind) continue;
      else if (code === undefined) unsent += 1;
      else {
        isBehind = true;
        failed.push({ row, code, waitMs: equalJitter(backoff, row.attempts + 1) });
      }
    }
  }
  return { published, failed, unsent };
}

/** Undefined for what was never sent: that is nothing the row can be blamed for. */
function failureCode(error: unknown): string | undefined {
  if (error instanceof RedisReplyError) return error.replyCode;
  return error instanceof PublishOutcomeUnknownError ? error.code : undefined;
}

import { isSafeSyncError } from '@safesync/core';

/** What failed on a database, and which that was. */
export class FailureAt extends Error {
  constructor(
    readonly address: string,
    override readonly cause: unknown,
  ) {
    super(`at ${address}`);
  }
}

/** A failure in words: what happened, what to do, where, and what the server or the network said. Never a stack. */
export function failureText(thrown: unknown): string {
  const { address, cause: error } = thrown instanceof FailureAt ? thrown : { address: undefined, cause: thrown };
  const lines = [error instanceof Error ? error.message : 'an error that is not one'];
  if (address !== undefined) lines.push(`  database: ${address}`);
  if (isSafeSyncError(error) && error.cause instanceof Error) lines.push(`  cause: ${error.cause.message}`);
  return lines.join('\n');
}

export const isUsageError = (thrown: unknown): boolean => isSafeSyncError(thrown, 'INVALID_OPTIONS');

import { SafeSyncError } from '@safesync/core';
import { ConfigurationError } from '../config/configuration.error.js';

/** Runs `program`; what it throws is printed, as a sentence where the error is written for people, and ends in exit code 1. */
export function runProgram(program: () => Promise<void>): void {
  program().catch((error: unknown) => {
    const isForPeople = error instanceof ConfigurationError || error instanceof SafeSyncError;
    process.stderr.write(`${isForPeople ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(1);
  });
}

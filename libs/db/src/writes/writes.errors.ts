import { type DbErrorDetails, DbWriteError } from '../db.errors.js';

/** An idempotent insert stored its row otherwise than given. The session can only roll back. */
export class RowAlteredError extends DbWriteError {
  constructor(table: string, warnings: readonly string[], details: DbErrorDetails = {}) {
    super(`The row for "${table}" does not fit and would have been stored altered: ${warnings.join('; ')}.`, {
      code: 'ROW_ALTERED',
      remedy: 'Check lengths, ranges, dates and references of the values before inserting.',
      ...details,
    });
  }
}

import { DbError } from '../db.error.js';

/** A call on a table names a column that it does not have; nothing was sent. `argument` is where: `set.amount`. */
export class UnknownColumnError extends DbError {
  constructor(
    table: string,
    readonly argument: string,
  ) {
    super(`${JSON.stringify(argument)} is not a column of the table "${table}".`, {
      code: 'UNKNOWN_COLUMN',
      remedy: 'Use a column that the table has; run the migration that adds it first.',
    });
  }
}

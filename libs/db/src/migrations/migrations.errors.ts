import { DbError } from '../db.error.js';

/** A table that the library's migrations make is not there although they are recorded, or is another table of that name. */
export class SchemaMismatchError extends DbError {
  constructor(faults: readonly string[], remedy?: string) {
    super(`The schema is not what its migrations leave: ${faults.join('; ')}.`, {
      code: 'SCHEMA_MISMATCH',
      remedy: remedy ?? "Rename a table of that name that is not the library's, then run what safesync sql prints.",
    });
  }
}

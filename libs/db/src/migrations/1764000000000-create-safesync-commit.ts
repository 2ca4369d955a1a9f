import type { SchemaMigration, TextSender } from './schema-migration.js';

/** Markers of `trackOutcome`: one row for each transaction, of use only for the moments in which its COMMIT was not answered. */
export class CreateSafesyncCommit1764000000000 implements SchemaMigration {
  readonly name = 'CreateSafesyncCommit1764000000000';
  readonly table = {
    name: 'safesync_commit',
    columns: { id: 'binary', committed: 'tinyint', committed_at: 'datetime' },
  };

  async up(sender: TextSender): Promise<void> {
    await sender.query(
      'CREATE TABLE IF NOT EXISTS safesync_commit (' +
        'id BINARY(16) NOT NULL PRIMARY KEY, ' +
        // false: written by whoever asked, so that the transaction cannot be committed any more
        'committed BOOLEAN NOT NULL DEFAULT TRUE, ' +
        'committed_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), ' +
        'KEY safesync_commit_age (committed_at)' +
        ') ENGINE=InnoDB',
    );
  }

  async down(sender: TextSender): Promise<void> {
    await sender.query('DROP TABLE safesync_commit');
  }
}

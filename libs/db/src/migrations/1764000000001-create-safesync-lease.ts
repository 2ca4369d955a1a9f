import type { SchemaMigration, TextSender } from './schema-migration.js';

/** One row for each lease lock that was ever taken. */
export class CreateSafesyncLease1764000000001 implements SchemaMigration {
  readonly name = 'CreateSafesyncLease1764000000001';
  readonly table = {
    name: 'safesync_lease',
    columns: { name: 'varbinary', holder: 'binary', token: 'bigint', expires_at: 'datetime' },
  };

  async up(sender: TextSender): Promise<void> {
    await sender.query(
      'CREATE TABLE IF NOT EXISTS safesync_lease (' +
        'name VARBINARY(64) NOT NULL PRIMARY KEY, ' +
        'holder BINARY(16) NOT NULL, ' +
        'token BIGINT UNSIGNED NOT NULL, ' +
        'expires_at DATETIME(6) NOT NULL' +
        ') ENGINE=InnoDB',
    );
  }

  async down(sender: TextSender): Promise<void> {
    await sender.query('DROP TABLE safesync_lease');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row for each lease lock that was ever taken. */
export class CreateSafesyncLease1764000000001 implements MigrationInterface {
  readonly name = 'CreateSafesyncLease1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE safesync_lease (' +
        'name VARBINARY(64) NOT NULL PRIMARY KEY, ' +
        'holder BINARY(16) NOT NULL, ' +
        'token BIGINT UNSIGNED NOT NULL, ' +
        'expires_at DATETIME(6) NOT NULL' +
        ') ENGINE=InnoDB',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE safesync_lease');
  }
}

import type { SchemaMigration, TextSender } from '@safesync/db';

/** One row for each message that a group has done. */
export class CreateSafesyncInbox1764100000000 implements SchemaMigration {
  readonly name = 'CreateSafesyncInbox1764100000000';
  readonly table = { name: 'safesync_inbox', columns: { id: 'binary', done_at: 'datetime' } };

  async up(sender: TextSender): Promise<void> {
    await sender.query(
      'CREATE TABLE IF NOT EXISTS safesync_inbox (' +
        // a digest: of one length and compared byte by byte, whatever the ids are made of
        'id BINARY(32) NOT NULL PRIMARY KEY, ' +
        'done_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), ' +
        'KEY safesync_inbox_age (done_at)' +
        ') ENGINE=InnoDB',
    );
  }

  async down(sender: TextSender): Promise<void> {
    await sender.query('DROP TABLE safesync_inbox');
  }
}

import type { SchemaMigration, TextSender } from '@safesync/db';

/** One row for each message that a transaction has published, until a while after it has reached Redis. */
export class CreateSafesyncOutbox1764100000001 implements SchemaMigration {
  readonly name = 'CreateSafesyncOutbox1764100000001';
  readonly table = {
    name: 'safesync_outbox',
    columns: {
      id: 'bigint',
      message_id: 'varbinary',
      stream: 'varbinary',
      order_key: 'binary',
      data: 'mediumtext',
      bytes: 'int',
      state: 'tinyint',
      due_at: 'datetime',
      available_at: 'datetime',
      attempts: 'int',
      last_error: 'varbinary',
      entry_id: 'varbinary',
      server: 'binary',
    },
  };

  async up(sender: TextSender): Promise<void> {
    await sender.query(
      'CREATE TABLE IF NOT EXISTS safesync_outbox (' +
        'id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, ' +
        'message_id VARBINARY(255) NOT NULL, ' +
        'stream VARBINARY(255) NOT NULL, ' +
        // a digest of stream and key: of one length and compared byte by byte, whatever the key is made of
        'order_key BINARY(16) NULL, ' +
        'data MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, ' +
        'bytes INT UNSIGNED NOT NULL, ' +
        // 0 waiting, 1 published
        'state TINYINT UNSIGNED NOT NULL DEFAULT 0, ' +
        'due_at DATETIME(6) NOT NULL, ' +
        // waiting: not before then; published: since then
        'available_at DATETIME(6) NOT NULL, ' +
        'attempts INT UNSIGNED NOT NULL DEFAULT 0, ' +
        'last_error VARBINARY(64) NULL, ' +
        'entry_id VARBINARY(41) NULL, ' +
        // a digest of what names the Redis server that confirmed the entry
        'server BINARY(16) NULL, ' +
        'KEY safesync_outbox_claim (state, stream, available_at, id), ' +
        'KEY safesync_outbox_order (state, order_key, id)' +
        ') ENGINE=InnoDB',
    );
  }

  async down(sender: TextSender): Promise<void> {
    await sender.query('DROP TABLE safesync_outbox');
  }
}

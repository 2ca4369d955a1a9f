import type { DbSession } from '@safesync/db';
import { type QueueConfigInput, QueueConsumer, type QueueMessage, RedisConnection } from '@safesync/queue';
import { type Contender, openContender } from '../concurrency/contender.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createTestRedis } from '../support/redis.js';
import { isBlocked, named } from './stream-blocked.js';

/** Longer than any test: what ends earlier has not ended because its time was over. */
export const LONG_MS = 600_000;

/** A database with one table, a Redis and consumers on a fresh stream for each test. */
export class ParityWorld {
  readonly redis = createTestRedis();
  private readonly connectionName = this.redis.key('reader');
  readonly connection = new RedisConnection(named(this.redis.url, this.connectionName));
  database!: TestDatabase;
  db!: Contender;
  name = '';
  private readonly consumers: QueueConsumer[] = [];

  async open(): Promise<void> {
    this.database = await createTestDatabase();
    await this.database.pool.query('CREATE TABLE effects (id VARCHAR(64) PRIMARY KEY)');
    this.db = await openContender(this.database.url, { poolSize: 3 });
  }

  async begin(): Promise<void> {
    this.name = this.redis.key('s');
    await this.database.pool.query('DELETE FROM effects');
  }

  end(): void {
    for (const consumer of this.consumers.splice(0)) consumer.close();
  }

  async close(): Promise<void> {
    this.connection.close();
    await this.redis.close();
    await this.db?.close();
    await this.database?.drop();
  }

  async consumer(
    consumerName = 'c',
    options: Partial<QueueConfigInput> = {},
    connection = this.connection,
  ): Promise<QueueConsumer> {
    const config = { streamKey: this.name, consumerGroup: 'g', consumerName, blockMs: LONG_MS, ...options };
    const consumer = await QueueConsumer.create(connection, config);
    this.consumers.push(consumer);
    return consumer;
  }

  /** Ids of what is pending in the group. */
  async pending(): Promise<string[]> {
    const rows = (await this.redis.client.xpending(this.name, 'g', '-', '+', 100)) as [string][];
    return rows.map(([id]) => id);
  }

  /** Ids of the messages whose work is committed. */
  async effects(): Promise<string[]> {
    return (await this.database.rows<{ id: string }>('SELECT id FROM effects ORDER BY id')).map(({ id }) => id);
  }

  /** A read has reached the server and waits there. */
  isBlocked(): Promise<boolean> {
    return isBlocked(this.redis.client, this.connectionName);
  }
}

/** The work of a message. */
export function insert(session: DbSession, { id }: QueueMessage): Promise<number> {
  return session.execute('INSERT INTO effects (id) VALUES (:id)', { id });
}

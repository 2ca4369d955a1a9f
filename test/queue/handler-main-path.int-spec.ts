import { Injectable } from '@nestjs/common';
import type { DbSession } from '@safesync/db';
import { type DeliveryContext, type Message, StreamHandler, StreamPublisher } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createTestRedis, type TestRedis } from '../support/redis.js';
import { createHandlerApp } from './handler-app.js';

describe('main path', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  beforeAll(async () => {
    database = await createTestDatabase();
    redis = createTestRedis();
    await database.pool.query('CREATE TABLE effects (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL)');
  });
  afterAll(async () => {
    await redis.close();
    await database.drop();
  });

  it('commits, then acknowledges', async () => {
    const stream = redis.key('s');
    @Injectable()
    class Transfers {
      @StreamHandler({ stream, group: 'g', concurrency: 4 })
      async onTransfer(message: Message<{ n: number }>, session: DbSession, _context: DeliveryContext): Promise<void> {
        await session.execute('INSERT INTO effects (n) VALUES (:n)', { n: message.payload.n });
      }
    }
    const app = await createHandlerApp({ databaseUrl: database.url, streams: [{ name: stream }], providers: [Transfers] });
    await app.init();
    const publisher = app.get(StreamPublisher);
    await publisher.publishMany(
      stream,
      Array.from({ length: 200 }, (_, n) => ({ payload: { n } })),
    );
    await eventually(
      async () => Number((await database.rows<{ c: string }>('SELECT COUNT(*) c FROM effects'))[0]?.c) === 200,
      { what: 'effects' },
    );
    await eventually(async () => ((await redis.client.xpending(stream, 'g')) as [number])[0] === 0, {
      what: 'no pending',
    });
    await app.close();
    expect(await redis.client.xinfo('GROUPS', stream)).toBeDefined();
  });
});

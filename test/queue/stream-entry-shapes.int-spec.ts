import { RedisConnection, RedisStream } from '@safesync/queue';
import { createTestRedis } from '../support/redis.js';

const redis = createTestRedis();
const connection = new RedisConnection(redis.url);

afterAll(async () => {
  connection.close();
  await redis.close();
});

describe('entries of any shape', () => {
  it('come out as entries: one strange one never hides its neighbours', async () => {
    const name = redis.key('s');
    const mine = new RedisStream(connection, { stream: name, group: 'g', consumer: 'mine' });
    await mine.ensureGroup();
    const strange: (string | Buffer)[][] = [
      ['data', '{}'],
      ['other', 'x'],
      ['data', '1', 'data', '2'],
      ['', ''],
      ['__proto__', 'x'],
      [Buffer.from([0xff, 0xfe]), Buffer.from([0, 0xc0])],
    ];
    for (const fields of strange) await redis.client.xadd(name, '*', ...fields);
    const entries = await mine.readNew(10, 1_000);
    expect(entries.map(({ fields }) => fields)).toEqual(
      strange.map((fields) => fields.map((field) => Buffer.from(field as string))),
    );
    const again = await mine.readOwnPending('0-0', 10);
    expect(again.entries.map(({ fields }) => fields)).toEqual(entries.map(({ fields }) => fields));
  });
});

import { DelayedMover, RedisConnection, StreamPublisher } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { PublishWorld } from './publish-world.js';

const world = new PublishWorld();
const user = `t_${Math.random().toString(36).slice(2)}`;
beforeEach(() => world.reset());
afterEach(() => world.end());
afterAll(async () => {
  await world.redis.client.call('ACL', 'DELUSER', user);
  await world.redis.close();
});

const LEAST = 'auth ping info xadd'.split(' ');
const ONCE = 'eval evalsha get set'.split(' ');
const DELAYED = 'eval evalsha time zadd hset'.split(' ');
const MOVE = 'eval evalsha time zrangebyscore zrem hget hdel xadd'.split(' ');

/** A connection that may do this on the stream's keys, and nothing else. */
async function connectAs(commands: readonly string[], keys = `${world.stream}*`): Promise<RedisConnection> {
  const rights = commands.map((command) => `+${command}`);
  await world.redis.client.call('ACL', 'SETUSER', user, 'reset', 'on', '>hunter2', `~${keys}`, '-@all', ...rights);
  const url = new URL(world.redis.url);
  url.username = user;
  url.password = 'hunter2';
  return world.connect(url.href, { commandTimeoutMs: 2_000 });
}

const NO_RIGHT = { code: 'REDIS_REPLY', replyCode: 'NOPERM' };

describe('users with few rights', () => {
  it('the least rights to publish once per key are these', async () => {
    const publisher = new StreamPublisher(await connectAs([...LEAST, ...ONCE]));
    const id = await publisher.publish(world.stream, {}, { dedupeKey: 'a' });
    expect(await publisher.publish(world.stream, {}, { dedupeKey: 'a' })).toBe(id);
  });

  it.each(ONCE.slice(2))('without %s nothing is published, so that nothing can be published twice', async (command) => {
    const rights = [...LEAST, ...ONCE].filter((name) => name !== command);
    const publisher = new StreamPublisher(await connectAs(rights));
    await expect(publisher.publish(world.stream, {}, { dedupeKey: 'a' })).rejects.toMatchObject(NO_RIGHT);
    expect(await world.entries()).toEqual([]);
  });

  it('the least rights to publish with a delay, take back and move are these', async () => {
    const connection = await connectAs([...LEAST, ...DELAYED, ...MOVE]);
    const publisher = new StreamPublisher(connection);
    const id = await publisher.publish(world.stream, {}, { delayMs: 600_000 });
    expect(await publisher.cancelDelayed(world.stream, id)).toBe(true);
    await publisher.publish(world.stream, { n: 1 }, { delayMs: 1 });
    const mover = new DelayedMover(connection, [world.stream]);
    mover.start();
    await eventually(async () => (await world.entries()).length === 1, { what: 'the message to be moved' });
    await mover.stop();
  });

  it.each(['zrem', 'hdel', 'xadd'])(
    'a mover without %s moves nothing, says so, and leaves it to others',
    async (right) => {
      await new StreamPublisher(world.connect()).publish(world.stream, { n: 1 }, { delayMs: 1 });
      const connection = await connectAs([...LEAST, ...MOVE].filter((name) => name !== right));
      await connection.ping();
      const log: string[] = [];
      const keep = (line: string): void => void log.push(line);
      const mover = new DelayedMover(connection, [world.stream], { logger: { log: keep, warn: keep, error: keep } });
      mover.start();
      await eventually(() => log.length > 0, { what: 'the mover to give up' });
      expect(log[0]).toContain('are left to processes with the right to move them');
      expect(await world.entries()).toEqual([]);
      const able = new DelayedMover(await ready(), [world.stream]);
      able.start();
      await eventually(async () => (await world.entries()).length === 1, { what: 'the message to be moved' });
      await Promise.all([mover.stop(), able.stop()]);
    },
  );

  it('a delayed publish that may not keep its content leaves nothing that is published later', async () => {
    const publisher = new StreamPublisher(await connectAs([...LEAST, 'eval', 'evalsha', 'time', 'zadd']));
    await expect(publisher.publish(world.stream, {}, { delayMs: 1 })).rejects.toMatchObject(NO_RIGHT);
    const mover = new DelayedMover(await ready(), [world.stream]);
    mover.start();
    const isGone = async (): Promise<boolean> => (await world.redis.client.exists(`${world.stream}:delayed`)) === 0;
    await eventually(isGone, { what: 'what was left to be dropped' });
    await mover.stop();
    expect(await world.entries()).toEqual([]);
  });
});

async function ready(): Promise<RedisConnection> {
  const connection = world.connect();
  await connection.ping();
  return connection;
}

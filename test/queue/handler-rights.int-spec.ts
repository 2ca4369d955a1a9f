import { randomBytes } from 'node:crypto';
import {
  CONSUMERS_FORGOTTEN,
  DeadLetters,
  ENTRIES_TRIMMED,
  OrderedKeys,
  type QueueStreamOptions,
  STREAM_LENGTH,
} from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, HandlerWorld, handlerOf, upTo } from './handler-world.js';

let world: HandlerWorld;
const users: string[] = [];
beforeAll(async () => {
  world = await HandlerWorld.open();
});
beforeEach(() => world.reset());
afterEach(async () => {
  await world.closeApps();
  if (users.length > 0) await world.redis.client.acl('DELUSER', ...users.splice(0));
});
afterAll(() => world?.close());

// as docs/operations/permissions.md has them
const HANDLE = (
  'auth ping info xadd xgroup|create xgroup|delconsumer xreadgroup xclaim xpending xack xinfo|groups xlen ' +
  'eval evalsha time zadd zrem zrangebyscore hexists'
).split(' ');
const UPKEEP = ['xtrim', 'xrange', 'xinfo|consumers', 'zscore'];
const ORDER = 'get set del pexpire xread hset hdel hgetall hexists'.split(' ');
const UNBLOCK = 'auth ping info evalsha eval hset hexists hgetall'.split(' ');

/** The URL of a user who may do this on the stream's keys, and nothing else. */
async function userWith(commands: readonly string[]): Promise<string> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  users.push(name);
  const rights = commands.map((command) => `+${command}`);
  await world.redis.client.acl('SETUSER', name, 'reset', 'on', '>hunter2', `~${world.stream}*`, '-@all', ...rights);
  const url = new URL(world.redis.url);
  url.username = name;
  url.password = 'hunter2';
  return url.href;
}

const add = (n: number, key?: string) =>
  world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n, ...(key && { __safesync: { key } }) }));
/** What is refused, but for moving delayed messages, which other processes do. */
const refused = () =>
  world.log.filter((line) => /NOPERM|ACL failure|script can't/.test(line) && !line.startsWith('Delayed messages'));

describe('upkeep', () => {
  const bootUpkeep = async (rights: readonly string[]) => {
    const { client } = world.redis;
    await client.xgroup('CREATE', world.stream, world.group, '0', 'MKSTREAM');
    await client.xgroup('CREATECONSUMER', world.stream, world.group, 'silent');
    for (const n of upTo(3)) await client.xadd(`${world.stream}:dead`, '*', 'data', String(n));
    for (const n of upTo(5)) await add(n);
    const stream: QueueStreamOptions = {
      name: world.stream,
      retention: { maxAgeMs: 0, intervalMs: 20 },
      deadLetters: { maxLength: 1 },
      forgetConsumersAfterMs: 20,
    };
    const queue = { connections: await userWith(rights) };
    await world.boot(handlerOf({ stream: world.stream, group: world.group }, effect), { queue, streams: [stream] });
    await world.settled(upTo(5));
  };

  it('the rights that a process with handlers needs for upkeep and gauges are these', async () => {
    await bootUpkeep([...HANDLE, ...UPKEEP]);
    const trimmed = (kind: string) => world.metrics.total(ENTRIES_TRIMMED, { stream: world.stream, kind }) ?? 0;
    const forgotten = () => world.metrics.total(CONSUMERS_FORGOTTEN, { stream: world.stream, group: world.group });
    await eventually(() => trimmed('finished') === 5 && trimmed('dead_letter') === 2, { what: 'the streams trimmed' });
    await eventually(() => forgotten() === 1, { what: 'the silent consumer forgotten' });
    expect(world.metrics.gauge(STREAM_LENGTH, { stream: world.stream })).toBeDefined();
    expect(refused()).toEqual([]);
  });

  it.each(UPKEEP)('without %s it says that it cannot be done, and messages are handled all the same', async (right) => {
    await bootUpkeep([...HANDLE, ...UPKEEP].filter((name) => name !== right));
    await eventually(() => refused().some((line) => line.startsWith('Upkeep of stream')), { what: 'the warning' });
  });
});

describe('order', () => {
  const failing = new Set<number>();
  const bootOrdered = async (rights: readonly string[]) => {
    const options = {
      stream: world.stream,
      group: world.group,
      orderBy: 'key',
      claimIntervalMs: 50,
      retry: { baseMs: 1, maxMs: 2 },
      maxDeliveries: 2,
    } as const;
    const handler = handlerOf(options, async (message, session) => {
      if (failing.has(message.payload.n)) throw new Error('as the test wants');
      await effect(message, session);
    });
    const streams = [{ name: world.stream, retention: false, deadLetters: false } as const];
    return world.boot(handler, { queue: { connections: await userWith(rights) }, streams });
  };
  beforeEach(() => failing.clear());

  it('the rights that a process needs which orders are these; who unblocks keys needs a few of them', async () => {
    failing.add(1);
    for (const n of upTo(4)) await add(n, n === 3 ? 'b' : 'a');
    const first = await bootOrdered([...HANDLE, ...UPKEEP, ...ORDER]);
    const operator = await world.boot([], { queue: { connections: await userWith(UNBLOCK) } });
    const keys = operator.get(OrderedKeys);
    await eventually(async () => (await keys.blockedKeys(world.stream, world.group)).length === 1, {
      what: 'a blocked key',
    });
    failing.clear();
    expect(await keys.unblock(world.stream, world.group, 'a')).toBe(true);
    await world.settled(upTo(4));
    // another one takes over what this one leaves
    await first.close();
    await add(4, 'a');
    await bootOrdered([...HANDLE, ...UPKEEP, ...ORDER]);
    await world.settled(upTo(5));
    expect(refused()).toEqual([]);
  });

  it.each(ORDER.filter((right) => !HANDLE.includes(right)))(
    'without %s something of it is refused, and said',
    async (right) => {
      failing.add(1);
      for (const n of upTo(4)) await add(n, n === 3 ? 'b' : 'a');
      const app = await bootOrdered([...HANDLE, ...UPKEEP, ...ORDER].filter((name) => name !== right));
      const keys = (await world.boot([])).get(OrderedKeys);
      const isRefused = () => refused().length > 0;
      const isBlocked = async () => (await keys.blockedKeys(world.stream, world.group)).length === 1;
      await eventually(async () => isRefused() || (await isBlocked()), { what: 'a refusal, or a blocked key' });
      failing.clear();
      await keys.unblock(world.stream, world.group, 'a');
      const isDone = async () => (await world.effects()).length === 4;
      await eventually(async () => isRefused() || (await isDone()), { what: 'a refusal, or all effects' });
      await app.close();
      expect(refused()).not.toEqual([]);
    },
  );
});

describe('dead letters', () => {
  it('a replay that may not write keeps the letter: it is removed only after', async () => {
    const envelope = { stream: world.stream, group: world.group, entryId: '1-1', data: '{"n":1}' };
    await world.redis.client.xgroup('CREATE', world.stream, world.group, '0', 'MKSTREAM');
    await world.redis.client.xadd(`${world.stream}:dead`, '*', 'data', JSON.stringify(envelope));
    const looks = 'auth ping info xlen xrange xrevrange xinfo xpending zrange exists evalsha eval xdel'.split(' ');
    const letters = (await world.boot([], { queue: { connections: await userWith(looks) } })).get(DeadLetters);
    await expect(letters.replay(world.stream, {})).rejects.toMatchObject({ replyCode: 'NOPERM' });
    expect(await letters.count(world.stream)).toBe(1);
    const able = await world.boot([], { queue: { connections: await userWith([...looks, 'xadd']) } });
    expect(await able.get(DeadLetters).replay(world.stream, {})).toMatchObject({ replayed: 1 });
  });
});

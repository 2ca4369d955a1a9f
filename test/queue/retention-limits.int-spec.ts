import { connect } from 'node:net';
import {
  ConsumerGroups,
  type DeadLetterRetentionOptions,
  ENTRIES_TRIMMED,
  MESSAGES_LOST,
  type RetentionOptions,
} from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

/** Finished messages go at once; nothing waits for a minute. */
const eager = (more: RetentionOptions = {}) => ({ maxAgeMs: 0, intervalMs: 5, ...more });
const handler = () => handlerOf({ stream: world.stream, group: world.group }, effect);
const length = () => world.redis.client.xlen(world.stream);
const group = (name: string) => world.redis.client.xgroup('CREATE', world.stream, name, '0', 'MKSTREAM');
const read = (name: string, count: number) =>
  world.redis.client.xreadgroup('GROUP', name, 'c', 'COUNT', count, 'STREAMS', world.stream, '>');

describe('allowLoss, of groups that have come to different places', () => {
  /** Groups that have got none, 40 and all of 100 entries; `all` has finished 80 of them. */
  async function hundred(): Promise<string[]> {
    const ids: string[] = [];
    for (const n of upTo(100)) ids.push((await world.redis.client.xadd(world.stream, '*', 'data', `{"n":${n}}`)) ?? '');
    for (const name of ['none', 'some', 'all']) await group(name);
    await read('some', 40);
    await read('all', 100);
    await world.redis.client.xack(world.stream, 'all', ...ids.slice(0, 80));
    return ids;
  }
  const lost = (name: string) =>
    world.metrics.total(MESSAGES_LOST, { stream: world.stream, group: name, reason: 'capped' });
  const bootAtEnd = (more: RetentionOptions) =>
    world.boot(handlerOf({ stream: world.stream, group: world.group, groupStart: '$' }, effect), {
      streams: [{ name: world.stream, retention: eager({ allowLoss: true, ...more }) }],
    });

  it.each([
    [30, 70, 30, undefined],
    [60, 40, undefined, undefined],
    [1, 99, 59, undefined],
    [59, 41, 1, undefined],
  ])('down to %d entries: what each had not got is its loss, no more', async (maxLength, none, some, all) => {
    const ids = await hundred();
    await bootAtEnd({ maxLength });
    await eventually(async () => (await length()) === maxLength, { what: 'the cap' });
    await eventually(() => lost('none') === none, { what: 'the count of the loss' });
    expect([lost('some'), lost('all')]).toEqual([some, all]);
    expect((await world.redis.client.xrange(world.stream, '-', '+', 'COUNT', 1))[0]?.[0]).toBe(ids.at(-maxLength));
    expect(world.metrics.total(ENTRIES_TRIMMED, { stream: world.stream, kind: 'capped' })).toBe(100 - maxLength);
  });

  it('looks at one entry at a time, however large they are', async () => {
    await hundred();
    const { hostname, port } = new URL(world.redis.url);
    const monitor = connect(Number(port), hostname);
    let seen = '';
    monitor.on('data', (bytes) => {
      seen += bytes.toString();
    });
    monitor.write('MONITOR\r\n');
    await eventually(() => seen.startsWith('+OK'), { what: 'to be shown what Redis does' });
    await bootAtEnd({ maxLength: 30 });
    const looks = () =>
      [...seen.matchAll(/lua\] "XRANGE" "(\S+)" .* "(\d+)"\r/g)].filter(([, key]) => key === world.stream);
    await eventually(() => lost('none') === 70 && looks().length > 0, { what: 'the loss' });
    monitor.destroy();
    expect([...new Set(looks().map(([, , count]) => count))]).toEqual(['1']);
  });
});

describe('a stream without a group', () => {
  it('is left alone, since nobody knows who is still to come; its dead letters are not', async () => {
    const dead = `${world.stream}:dead`;
    const app = await world.boot(handler(), {
      streams: [
        { name: world.stream, retention: eager({ maxLength: 1, allowLoss: true }), deadLetters: { maxLength: 1 } },
      ],
    });
    // else who reads creates the group again
    await app.get(ConsumerGroups).pause(world.stream, world.group);
    await world.redis.client.xgroup('DESTROY', world.stream, world.group);
    await world.publish(app, ...upTo(10));
    for (const _ of upTo(2)) {
      for (const n of upTo(3)) await world.redis.client.xadd(dead, '*', 'data', String(n));
      await eventually(async () => (await world.redis.client.xlen(dead)) === 1, { what: 'a turn of upkeep' });
    }
    expect(await length()).toBe(10);
  });
});

describe('dead letters', () => {
  const dead = () => `${world.stream}:dead`;
  const kept = async () => (await world.redis.client.xrange(dead(), '-', '+')).map(([, fields]) => Number(fields[1]));
  const bootKeeping = (deadLetters: DeadLetterRetentionOptions | false) =>
    world.boot(handler(), { streams: [{ name: world.stream, retention: eager(), deadLetters }] });
  /** `count` of them, one a second, the last one as old as that. */
  async function letters(count: number, ageMs = 0): Promise<void> {
    const last = Date.now() - ageMs;
    for (const n of upTo(count))
      await world.redis.client.xadd(dead(), `${last - 1_000 * (count - 1 - n)}-0`, 'data', String(n));
  }
  const trimmed = () => world.metrics.total(ENTRIES_TRIMMED, { stream: world.stream, kind: 'dead_letter' });

  it('go by length, the oldest first, and the log says how many', async () => {
    await letters(250);
    await bootKeeping({ maxLength: 7 });
    await eventually(async () => (await kept()).length === 7, { what: 'the length that is kept' });
    expect(await kept()).toEqual([243, 244, 245, 246, 247, 248, 249]);
    await eventually(() => trimmed() === 243, { what: 'the count' });
    expect(world.log.filter((line) => line.includes('oldest dead letters'))).toEqual([
      expect.stringContaining('removed the 243 oldest dead letters'),
    ]);
  });

  it('go by age', async () => {
    await letters(10, 60_000);
    await bootKeeping({ maxAgeMs: 65_500 });
    await eventually(async () => (await kept()).length <= 6, { what: 'the old ones to be gone' });
    // 60 to 65 seconds old, unless the machine has slept meanwhile
    expect(await kept()).toEqual([4, 5, 6, 7, 8, 9].slice(-(await kept()).length));
    expect(trimmed()).toBe(10 - (await kept()).length);
  });

  it('control: stay when nothing is trimmed', async () => {
    await letters(10, 90 * 86_400_000);
    const app = await bootKeeping(false);
    await world.publish(app, 1);
    await eventually(async () => (await length()) === 0, { what: 'a turn of upkeep' });
    expect(await kept()).toHaveLength(10);
  });

  it('that a group of somebody has not finished stay, and the log names it', async () => {
    await letters(10);
    await world.redis.client.xgroup('CREATE', dead(), 'archive', '0');
    const [, ...others] = (await world.redis.client.xrange(dead(), '-', '+', 'COUNT', 4)).map(([id]) => id);
    await world.redis.client.xreadgroup('GROUP', 'archive', 'c', 'COUNT', 4, 'STREAMS', dead(), '>');
    await world.redis.client.xack(dead(), 'archive', ...others);
    await bootKeeping({ maxLength: 1, maxAgeMs: 1 });
    const isNamed = () =>
      world.log.some((line) => line.includes(`Trimming of stream "${dead()}": is held back by group "archive"`));
    await eventually(isNamed, { what: 'the warning' });
    expect(await kept()).toHaveLength(10);
    await world.redis.client.xack(dead(), 'archive', (await world.redis.client.xrange(dead(), '-', '+'))[0]?.[0] ?? '');
    await eventually(async () => (await kept()).length === 6, { what: 'what it has finished to be gone' });
    expect(await kept()).toEqual([4, 5, 6, 7, 8, 9]);
  });
});

import { ConsumerGroups, ConsumerRegistry } from '@safesync/queue';
import { eventually, TcpProxy, TestSignal } from '@safesync/testing';
import type { RedisOptions } from 'ioredis';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';
import { isBlocked, named } from './stream-blocked.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const options = () => ({ stream: world.stream, group: world.group, claimIntervalMs: 50, livenessMs: 1_000 });
const boot = () => world.boot(handlerOf(options(), effect));
type App = Awaited<ReturnType<typeof boot>>;
const isPaused = (app: App) => app.get(ConsumerRegistry).status.every((status) => status.isPaused);
const paused = (app: App, wanted = true) =>
  eventually(() => isPaused(app) === wanted, { what: `paused to be ${wanted}` });
const lag = async () => {
  const [row] = (await world.redis.client.xinfo('GROUPS', world.stream)) as unknown[][];
  return row?.[row.indexOf('lag') + 1];
};

it('stops two applications, and all goes on when the other one resumes', async () => {
  const [first, second] = [await boot(), await boot()];
  await first.get(ConsumerGroups).pause(world.stream, world.group);
  expect(isPaused(first)).toBe(true);
  await paused(second);
  await world.publish(first, ...upTo(20));
  // both have had time for turns: their liveness rows are renewed by them, and nothing was delivered
  const rows = () => world.redis.client.zrange(`${world.stream}:alive:${world.group}`, '0', '-1', 'WITHSCORES');
  const before = await rows();
  await eventually(async () => (await rows()).every((value, n) => n % 2 === 0 || value !== before[n]), {
    what: 'beats',
  });
  expect([await lag(), await world.pending(), await world.effects()]).toEqual([20, [], []]);
  expect(await second.get(ConsumerGroups).resume(world.stream, world.group)).toBe(true);
  await world.settled(upTo(20));
  await paused(first, false);
  expect(world.log.filter((line) => line.includes('is paused'))).toHaveLength(2);
});

it('control: without a pause they are handled', async () => {
  const app = await boot();
  await world.publish(app, ...upTo(20));
  await world.settled(upTo(20));
});

it('survives the restart of all consumers, before the first read', async () => {
  const first = await boot();
  await first.get(ConsumerGroups).pause(world.stream, world.group);
  await world.publish(first, ...upTo(5));
  await world.closeApps();
  const second = await boot();
  await paused(second);
  expect([await lag(), await world.effects()]).toEqual([5, []]);
  await second.get(ConsumerGroups).resume(world.stream, world.group);
  await world.settled(upTo(5));
});

it('lets what runs finish and gives back what is ready, not counted', async () => {
  const entered = new TestSignal<number>('entered');
  const leave = new TestSignal<void>('leave');
  const counts: number[] = [];
  const app = await world.boot(
    handlerOf(options(), async (message, session, { deliveryCount }) => {
      entered.emit(message.payload.n);
      counts.push(deliveryCount);
      if (message.payload.n === 0) await leave.next();
      await effect(message, session);
    }),
  );
  await world.publish(app, 0, 1, 2);
  await entered.next();
  await eventually(async () => (await world.pending()).length >= 2, { what: 'one ready beside the running one' });
  await app.get(ConsumerGroups).pause(world.stream, world.group);
  const deliveries = async () =>
    ((await world.redis.client.xpending(world.stream, world.group, '-', '+', 10)) as number[][]).map((row) => row[3]);
  await eventually(async () => (await deliveries())[1] === 0, { what: 'the ready one to be given back' });
  expect((await deliveries())[0]).toBe(1);
  leave.emit();
  await eventually(async () => (await world.effects()).length === 1, { what: 'the end of what ran' });
  await app.get(ConsumerGroups).resume(world.stream, world.group);
  await world.settled(upTo(3));
  expect(counts).toEqual([1, 1, 1]);
});

describe('counts one delivery of each message', () => {
  const counting = (counts: number[], redis?: RedisOptions) =>
    world.boot(
      handlerOf(options(), async (message, session, { deliveryCount }) => {
        counts.push(deliveryCount);
        await effect(message, session);
      }),
      redis === undefined ? {} : { queue: { connections: [{ redis }] } },
    );

  it('also of one that was on its way to a read which the pause has ended', async () => {
    const { hostname, port } = new URL(world.redis.url);
    const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    try {
      const counts: number[] = [];
      const name = world.stream.replaceAll(':', '-');
      const app = await counting(counts, named(proxy.url(world.redis.url), name));
      await eventually(() => isBlocked(world.redis.client, name), { what: 'the first read to wait' });
      // it ends with the first message; the read behind it never hears of the second
      const isTrapped = proxy.swallowReplyTo(/xreadgroup/i);
      await world.publish(app, 0);
      await isTrapped;
      await world.settled([0]);
      await world.publish(app, 1);
      await eventually(async () => (await world.pending()).length === 1, { what: 'a delivery that does not arrive' });
      await app.get(ConsumerGroups).pause(world.stream, world.group);
      await app.get(ConsumerGroups).resume(world.stream, world.group);
      await world.settled([0, 1]);
      expect(counts).toEqual([1, 1]);
    } finally {
      await world.closeApps();
      await proxy.stop();
    }
  });

  it('however often it is paused while they come', async () => {
    const counts: number[] = [];
    const app = await counting(counts);
    const groups = app.get(ConsumerGroups);
    for (const round of upTo(30)) {
      const published = world.publish(app, ...upTo(10).map((n) => 10 * round + n));
      await groups.pause(world.stream, world.group);
      await published;
      await groups.resume(world.stream, world.group);
      await world.publish(app, 1_000 + round);
    }
    await world.settled([...upTo(300), ...upTo(30).map((round) => 1_000 + round)]);
    expect(counts.filter((count) => count > 1)).toEqual([]);
  });
});

it('refuses a group that does not exist', async () => {
  const app = await boot();
  await expect(app.get(ConsumerGroups).pause(world.stream, 'misspelt')).rejects.toMatchObject({
    code: 'GROUP_MISSING',
  });
});

import type { LabelsOf, MetricDefinition } from '@safesync/core';
import {
  ConsumerRegistry,
  DEAD_LETTERS_KEPT,
  GROUP_CONSUMERS,
  GROUP_LAG,
  GROUP_PAUSED,
  GROUP_PENDING,
  OLDEST_PENDING_AGE,
  OLDEST_UNDELIVERED_AGE,
  STREAM_LENGTH,
} from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const GROUP_GAUGES = [
  GROUP_PENDING,
  GROUP_LAG,
  OLDEST_PENDING_AGE,
  OLDEST_UNDELIVERED_AGE,
  GROUP_CONSUMERS,
  GROUP_PAUSED,
] as const;

const boot = () => world.boot(handlerOf({ stream: world.stream, group: world.group, groupStart: '$' }, effect));
const redis = () => world.redis.client;
const groupAt = (name: string, id: string) => redis().xgroup('CREATE', world.stream, name, id, 'MKSTREAM');
const gauge = <D extends MetricDefinition>(metric: D, labels: LabelsOf<D>) => world.metrics.gauge(metric, labels);
const of = (group: string) => GROUP_GAUGES.map((metric) => gauge(metric, { stream: world.stream, group }));
const surveyed = () =>
  eventually(() => gauge(STREAM_LENGTH, { stream: world.stream }) !== undefined, { what: 'a survey' });

/** Six entries, ten seconds apart, the first of them a minute old. */
async function addSix(): Promise<string[]> {
  const ids = upTo(6).map((n) => `${Date.now() - 60_000 + 10_000 * n}-0`);
  for (const id of ids) await redis().xadd(world.stream, id, 'data', '{"n":0}');
  return ids;
}

describe('gauges of a stream and its groups', () => {
  it('say what is so: length, dead letters, pending, lag, ages, consumers, pause', async () => {
    const ids = await addSix();
    await groupAt('other', '0');
    await redis().xreadgroup('GROUP', 'other', 'c', 'COUNT', 4, 'STREAMS', world.stream, '>');
    await redis().xack(world.stream, 'other', ids[0] as string);
    for (const n of upTo(3)) await redis().xadd(`${world.stream}:dead`, '*', 'data', String(n));
    await redis().hset(`${world.stream}:paused`, 'other', 'now');
    await groupAt(world.group, '$');
    await boot();
    await surveyed();
    expect(gauge(STREAM_LENGTH, { stream: world.stream })).toBe(6);
    expect(gauge(DEAD_LETTERS_KEPT, { stream: world.stream })).toBe(3);
    const [pending, lag, oldestPending, oldestUndelivered, consumers, isPaused] = of('other');
    expect([pending, lag, consumers, isPaused]).toEqual([3, 2, 1, 1]);
    // the second entry is pending, the fifth was not delivered
    for (const [age, least] of [
      [oldestPending, 50],
      [oldestUndelivered, 20],
    ] as const) {
      expect(age).toBeGreaterThanOrEqual(least);
      expect(age).toBeLessThan(least + 10);
    }
    // one that has done everything
    expect(of(world.group).filter((_, n) => n !== 4)).toEqual([0, 0, 0, 0, 0]);
  });

  it('have no sample of what Redis does not know, and none of a group that is gone', async () => {
    const ids = await addSix();
    await groupAt('midway', ids[2] as string);
    await groupAt(world.group, '$');
    const registry = (await boot()).get(ConsumerRegistry);
    await surveyed();
    expect(gauge(GROUP_LAG, { stream: world.stream, group: 'midway' })).toBeUndefined();
    expect(gauge(GROUP_PENDING, { stream: world.stream, group: 'midway' })).toBe(0);
    await redis().xgroup('DESTROY', world.stream, 'midway');
    // the next survey is half a minute away, but for consumers that start
    await registry.stop();
    await registry.start();
    await surveyed();
    expect(of('midway').every((value) => value === undefined)).toBe(true);
    expect(gauge(GROUP_PENDING, { stream: world.stream, group: world.group })).toBe(0);
  });

  it('are read from one source however often the consumers are started again, and from none while they are stopped', async () => {
    const before = world.metrics.sources(STREAM_LENGTH);
    const registry = (await boot()).get(ConsumerRegistry);
    for (const _ of upTo(3)) {
      await surveyed();
      await registry.stop();
      expect([gauge(STREAM_LENGTH, { stream: world.stream }), ...of(world.group)]).toEqual(Array(7).fill(undefined));
      await registry.start();
    }
    await surveyed();
    for (const metric of [STREAM_LENGTH, DEAD_LETTERS_KEPT, ...GROUP_GAUGES]) {
      expect(world.metrics.sources(metric)).toBe(before + 1);
    }
    // samples of several sources would add up
    expect(gauge(GROUP_CONSUMERS, { stream: world.stream, group: world.group })).toBeLessThanOrEqual(1);
  });
});

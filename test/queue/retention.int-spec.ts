import { CONSUMERS_FORGOTTEN, ENTRIES_TRIMMED, MESSAGES_LOST, type RetentionOptions } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

/** Finished messages go at once; nothing waits for an hour or a minute. */
const eager = (more: RetentionOptions = {}) => ({ maxAgeMs: 0, intervalMs: 5, ...more });
const handler = () => handlerOf({ stream: world.stream, group: world.group }, effect);
const boot = (retention: RetentionOptions | false) =>
  world.boot(handler(), { streams: [{ name: world.stream, retention, forgetConsumersAfterMs: 20 }] });
const length = () => world.redis.client.xlen(world.stream);
const group = (name: string) => world.redis.client.xgroup('CREATE', world.stream, name, '0', 'MKSTREAM');
const read = (name: string, count: number, consumer = 'c') =>
  world.redis.client.xreadgroup('GROUP', name, consumer, 'COUNT', count, 'STREAMS', world.stream, '>') as Promise<
    [string, [string, string[]][]][] | null
  >;
const idsOf = (reply: [string, [string, string[]][]][] | null) => (reply?.[0]?.[1] ?? []).map(([id]) => id);

const random = (below: number) => Math.floor(Math.random() * below);

async function rest(name: string): Promise<string[]> {
  const ids = idsOf(await read(name, 1_000));
  return ids.length === 0 ? ids : [...ids, ...(await rest(name))];
}

describe('trimming', () => {
  it('loses nothing of three groups, one of them dead, under random traffic', async () => {
    await group('slow');
    await group('dead');
    const app = await boot(eager());
    const slow: string[] = [];
    const dead: string[] = [];
    const published: string[] = [];
    for (let round = 0; round < 40; round++) {
      const from = published.length;
      published.push(...(await world.publish(app, ...upTo(1 + random(40)).map((n) => from + n))));
      const ids = idsOf(await read('slow', 1 + random(30)));
      slow.push(...ids);
      // the first ones always, so that there is something to trim
      if ((round === 0 || random(10) < 7) && ids.length > 0)
        await world.redis.client.xack(world.stream, 'slow', ...ids);
      if (round >= 20) continue;
      const last = idsOf(await read('dead', 1 + random(30)));
      dead.push(...last);
      // it dies with one pending
      if (round < 19) await world.redis.client.xack(world.stream, 'dead', ...last);
    }
    slow.push(...(await rest('slow')));
    dead.push(...(await rest('dead')));
    expect(slow).toEqual(published);
    expect(dead).toEqual(published);
    await eventually(async () => (await world.effects()).length === published.length, { what: 'all effects' });
    // what is pending somewhere still has its content
    for (const name of ['slow', 'dead']) {
      const pending = await world.pending(name);
      const kept = (await world.redis.client.xrange(world.stream, '-', '+')).map(([id]) => id);
      expect(kept).toEqual(expect.arrayContaining(pending));
    }
    const trimmed = (): number => world.metrics.total(ENTRIES_TRIMMED, { stream: world.stream, kind: 'finished' }) ?? 0;
    await eventually(() => trimmed() > 0, { what: 'what all have finished is trimmed' });
  });

  it('control: MAXLEN loses what a group has not got', async () => {
    await group('slow');
    const app = await boot(false);
    await world.publish(app, ...upTo(50));
    await world.redis.client.xtrim(world.stream, 'MAXLEN', 10);
    expect(idsOf(await read('slow', 100))).toHaveLength(10);
  });

  it('goes exactly to the oldest pending entry, and on when that is acknowledged', async () => {
    await group('other');
    const app = await boot(eager());
    const ids = await world.publish(app, ...upTo(300));
    await read('other', 1_000);
    await world.redis.client.xack(world.stream, 'other', ...ids.filter((_, n) => n !== 257));
    await eventually(async () => (await length()) === 43, { what: 'all below the pending entry to be gone' });
    expect((await world.redis.client.xrange(world.stream, '-', '+', 'COUNT', 1))[0]?.[0]).toBe(ids[257]);
    await world.redis.client.xack(world.stream, 'other', ids[257] as string);
    await eventually(async () => (await length()) === 0, { what: 'the rest to be gone' });
    expect(world.metrics.total(ENTRIES_TRIMMED, { stream: world.stream, kind: 'finished' })).toBe(300);
  });

  it('keeps to the length exactly, while nothing is old', async () => {
    const app = await boot(eager({ maxAgeMs: 3_600_000, maxLength: 37 }));
    await world.publish(app, ...upTo(250));
    await world.settled(upTo(250));
    await eventually(async () => (await length()) === 37, { what: 'the length that is kept' });
  });

  it('leaves what is young and few enough', async () => {
    const app = await boot({ intervalMs: 5 });
    await world.publish(app, ...upTo(20));
    await world.settled(upTo(20));
    await eventually(
      () => (world.metrics.total(ENTRIES_TRIMMED, { stream: world.stream, kind: 'finished' }) ?? -1) >= 0,
      {
        what: 'a turn',
      },
    );
    expect(await length()).toBe(20);
  });

  it('names the group that holds it back', async () => {
    await group('abandoned');
    const app = await boot(eager());
    await world.publish(app, 1);
    await eventually(() => world.log.some((line) => line.includes('is held back by group "abandoned"')), {
      what: 'the warning',
    });
  });

  it('with allowLoss caps the length, and counts what a group had not got', async () => {
    await group('slow');
    const app = await boot(eager({ maxLength: 10, allowLoss: true }));
    await world.publish(app, ...upTo(100));
    await eventually(async () => (await length()) === 10, { what: 'the cap' });
    const lost = () => world.metrics.total(MESSAGES_LOST, { stream: world.stream, group: 'slow', reason: 'capped' });
    await eventually(() => lost() === 90, { what: 'the count of the loss' });
  });
});

describe('consumers that went away without a word', () => {
  const names = async () =>
    ((await world.redis.client.xinfo('CONSUMERS', world.stream, world.group)) as string[][]).map((row) => row[1]);

  it('are deleted, however many; one with a pending message never', async () => {
    await group(world.group);
    await world.redis.client.xadd(world.stream, '*', 'data', '{"n":1}');
    await read(world.group, 1, 'holder');
    const pipeline = world.redis.client.pipeline();
    for (const n of upTo(1_000)) pipeline.xgroup('CREATECONSUMER', world.stream, world.group, `gone-${n}`);
    await pipeline.exec();
    await boot(eager());
    await eventually(async () => (await names()).length <= 2, { what: 'the consumers to be gone' });
    expect(await names()).toContain('holder');
    expect(await world.pending()).toHaveLength(1);
  });

  it('stay until they have been silent for forgetConsumersAfterMs', async () => {
    await group(world.group);
    await world.redis.client.xgroup('CREATECONSUMER', world.stream, world.group, 'silent');
    await world.boot(handler(), { streams: [{ name: world.stream, forgetConsumersAfterMs: 3_600_000 }] });
    const forgotten = () => world.metrics.total(CONSUMERS_FORGOTTEN, { stream: world.stream, group: world.group });
    await eventually(() => forgotten() !== undefined, { what: 'a turn of upkeep' });
    expect([forgotten(), await names()]).toEqual([0, expect.arrayContaining(['silent'])]);
  });

  it('control: DELCONSUMER loses what is pending', async () => {
    await group(world.group);
    await world.redis.client.xadd(world.stream, '*', 'data', '{"n":1}');
    await read(world.group, 1, 'holder');
    await world.redis.client.xgroup('DELCONSUMER', world.stream, world.group, 'holder');
    expect(await world.pending()).toEqual([]);
    expect(idsOf(await read(world.group, 1))).toEqual([]);
  });
});

import { DbSessions } from '@safesync/db';
import { Outbox } from '@safesync/outbox';
import { METADATA_KEY } from '@safesync/queue';
import { eventually, WorkerProcess } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo } from '../queue/handler-world.js';
import { compiledProgram } from '../support/compiled-program.js';
import { bootWithOutbox, publishedNumbers, useOutboxWorld } from './outbox-world.js';
import type { DeathAt, OutboxWorkerSettings } from './programs/outbox-worker.js';

/** OB-1: a relay may die anywhere. Nothing is lost; what comes twice comes under the same id. */
describe('a relay that is killed', () => {
  const COUNT = 25;
  let world: HandlerWorld;
  const workers: WorkerProcess[] = [];

  useOutboxWorld((opened) => {
    world = opened;
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) if (worker.isRunning) await worker.kill();
  });

  const spawn = async (dieAt: DeathAt, numbers: readonly number[] = []): Promise<WorkerProcess> => {
    const { stream, database, redis } = world;
    const settings: OutboxWorkerSettings = { databaseUrl: database.url, redisUrl: redis.url, stream, dieAt, numbers };
    const worker = await WorkerProcess.spawn(compiledProgram('outbox/programs/outbox-worker'), {
      env: { WORKER: JSON.stringify(settings) },
    });
    workers.push(worker);
    return worker;
  };

  const write = async (): Promise<void> => {
    const writer = await bootWithOutbox(world, [], { outbox: { relay: false } });
    await writer.get(DbSessions).run((session) => {
      const messages = upTo(COUNT).map((n) => ({ payload: { n }, ...(n % 2 === 0 ? { key: 'even' } : {}) }));
      return writer.get(Outbox).publishMany(session, world.stream, messages);
    });
  };

  /** Ids of the entries in the stream. */
  const ids = async (): Promise<string[]> => {
    const entries = await world.redis.client.xrange(world.stream, '-', '+');
    return entries.map(([, fields]) => {
      const { [METADATA_KEY]: metadata } = JSON.parse(fields[1] as string) as { [METADATA_KEY]: { id: string } };
      return metadata.id;
    });
  };
  const waiting = async (): Promise<number> =>
    (await world.database.rows('SELECT id FROM safesync_outbox WHERE state = 0')).length;
  const nothingWaits = (): Promise<true> => eventually(async () => (await waiting()) === 0, { what: 'nothing waits' });

  it.each([
    ['after it has claimed', 'claimed', 0],
    ['after Redis has confirmed', 'published', 10],
    ['after it has marked its rows, before its commit', 'marked', 10],
  ] as const)('%s leaves its rows to others, at once', async (_when, dieAt, twice) => {
    await write();
    await (await spawn(dieAt)).exit();
    expect(await waiting()).toBe(COUNT);
    await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20 } } });
    await nothingWaits();
    const published = await ids();
    expect([new Set(published).size, published.length]).toEqual([COUNT, COUNT + twice]);
    expect(new Set(await publishedNumbers(world))).toEqual(new Set(upTo(COUNT)));
  });

  it('control: one that is not killed publishes each once', async () => {
    await write();
    await spawn('never');
    await nothingWaits();
    expect([new Set(await ids()).size, (await ids()).length]).toEqual([COUNT, COUNT]);
  });

  it.each([
    ['once with exactlyOnce', true, upTo(COUNT)],
    ['control: twice without', false, [...upTo(COUNT), ...upTo(COUNT)]],
  ])('has the effects of its messages: %s', async (_how, exactlyOnce, expected) => {
    await write();
    for (const _ of upTo(2)) await (await spawn('published')).exit();
    await world.redis.client.del(world.stream);
    // the same ten messages have come, and gone with the stream: now all of them come twice
    const relay = { pollMs: 20, batchSize: 100 };
    await bootWithOutbox(world, [], { outbox: { relay } });
    await nothingWaits();
    await world.database.pool.query('UPDATE safesync_outbox SET state = 0');
    await nothingWaits();
    const handler = handlerOf({ stream: world.stream, group: 'g', exactlyOnce }, effect);
    await bootWithOutbox(world, handler, { outbox: { relay: false } });
    await world.settled(expected);
  });

  it('again and again, while it commits, loses nothing', async () => {
    const deaths: readonly DeathAt[] = ['claimed', 'published', 'marked'];
    // each dies in its relay sooner or later, with none, some or all of its numbers committed
    for (const at of upTo(6))
      await (
        await spawn(
          deaths[at % 3] as DeathAt,
          upTo(5).map((n) => at * 5 + n),
        )
      ).exit();
    const committed = await world.database.rows<{ data: string }>('SELECT data FROM safesync_outbox');
    await bootWithOutbox(world, [], { outbox: { relay: { pollMs: 20 } } });
    await nothingWaits();
    const numbers = committed.map(({ data }) => (JSON.parse(data) as { n: number }).n);
    expect(numbers.length).toBeGreaterThan(5);
    expect(new Set(await publishedNumbers(world))).toEqual(new Set(numbers));
  }, 60_000);
});

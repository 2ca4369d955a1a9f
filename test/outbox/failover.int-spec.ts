import type { TestingModule } from '@nestjs/testing';
import { DbSessions } from '@safesync/db';
import { OUTBOX_REPUBLISHED, Outbox } from '@safesync/outbox';
import { StreamPublisher } from '@safesync/queue';
import { eventually, RedisFailover, TestSignal } from '@safesync/testing';
import { effect, type HandlerBody, type HandlerWorld, handlerOf, upTo } from '../queue/handler-world.js';
import { bootWithOutbox, openOutboxWorld } from './outbox-world.js';

/** T7, R16: the primary confirms what its replica never gets, and the replica takes over. */
describe('a failover that forgets', () => {
  let world: HandlerWorld;
  let failover: RedisFailover;

  beforeAll(async () => {
    world = await openOutboxWorld();
  });
  beforeEach(async () => {
    await world.reset();
    failover = await RedisFailover.start();
  });
  afterEach(async () => {
    await world.closeApps();
    await failover?.stop();
  });
  afterAll(() => world.close());

  const boot = (body: HandlerBody): Promise<TestingModule> => {
    const times = { claimIntervalMs: 100, livenessMs: 1_000, blockMs: 500, retry: { baseMs: 10, maxMs: 100 } };
    const handler = handlerOf(
      { stream: world.stream, group: world.group, exactlyOnce: true, concurrency: 4, ...times },
      body,
    );
    const queue = { connections: [{ redis: failover.input, commandTimeoutMs: 2_000 }] };
    return bootWithOutbox(world, handler, { queue, poolSize: 20, outbox: { relay: { pollMs: 100 } } });
  };
  const effectsOf = (numbers: readonly number[]): Promise<unknown> =>
    eventually(async () => (await world.effects()).toSorted((a, b) => a - b).join() === numbers.join(), {
      what: `effects of ${numbers.length} messages`,
      withinMs: 20_000,
    });

  it('loses and doubles nothing of the outbox: what Redis forgot is published again', async () => {
    const held = new TestSignal<number>('a handler began that is not to end before the failover');
    const isOver = new AbortController();
    const app = await boot(async (message, session) => {
      if (message.payload.n >= 200 && !isOver.signal.aborted) {
        held.emit(message.payload.n);
        await eventually(() => isOver.signal.aborted, { what: 'the failover', withinMs: 25_000 });
      }
      await effect(message, session);
    });
    const publish = (numbers: readonly number[]): Promise<unknown> =>
      app.get(DbSessions).run(async (session) => {
        const messages = numbers.map((n) => ({ payload: { n } }));
        await app.get(Outbox).publishMany(session, world.stream, messages);
      });
    const numbers = upTo(300);
    await publish(numbers.slice(0, 100));
    await effectsOf(numbers.slice(0, 100));
    failover.cutReplication();
    // done, although Redis is about to forget that they were ever there
    await publish(numbers.slice(100, 200));
    await effectsOf(numbers.slice(0, 200));
    // and some of which nothing is done yet
    await publish(numbers.slice(200));
    await held.next();
    await failover.failOver();
    isOver.abort();
    await effectsOf(numbers);
    expect(world.metrics.total(OUTBOX_REPUBLISHED, { stream: world.stream })).toBe(200);
  }, 90_000);

  it('control: what was published past the outbox is lost', async () => {
    const app = await boot(effect);
    const publisher = app.get(StreamPublisher);
    await publisher.publish(world.stream, { n: 0 });
    await effectsOf([0]);
    await app.close();
    failover.cutReplication();
    const lost = await boot(async () => Promise.reject(new Error('not yet')));
    await lost.get(StreamPublisher).publish(world.stream, { n: 1 });
    await lost.close();
    await failover.failOver();
    const after = await boot(effect);
    await after.get(StreamPublisher).publish(world.stream, { n: 2 });
    await effectsOf([0, 2]);
  }, 60_000);
});

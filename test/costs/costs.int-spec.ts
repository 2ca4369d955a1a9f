import type { TestingModule } from '@nestjs/testing';
import { DbSessions } from '@safesync/db';
import { Outbox } from '@safesync/outbox';
import { StreamPublisher } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { bootWithOutbox, useOutboxWorld } from '../outbox/outbox-world.js';
import { batchHandlerOf, effects } from '../queue/batch-world.js';
import { effect, type HandlerWorld, handlerOf, upTo } from '../queue/handler-world.js';
import { WireCounts } from './wire-counts.js';

const MESSAGES = 400;
const CONCURRENCY = 8;
const WARM_UP = 64;
/** For one message, where a database is so slow that each is acknowledged alone. With a quick one 0.3 to 0.5 are seen. */
const MOST_COMMANDS = 1.25;

/** PF-1 to PF-4: what a message costs in statements and commands. They are counted, not timed, so that they never grow unnoticed. */
describe('the cost', () => {
  const counts = new WireCounts();
  let world: HandlerWorld;

  useOutboxWorld((opened) => {
    world = opened;
  });
  afterEach(() => counts.stop());

  /** What `MESSAGES` messages cost when all connections are open and all scripts are known. */
  const measure = async (app: TestingModule): Promise<void> => {
    await world.publish(app, ...upTo(WARM_UP));
    await world.settled(upTo(WARM_UP));
    await world.database.pool.query('DELETE FROM effects');
    const numbers = upTo(MESSAGES).map((n) => WARM_UP + n);
    counts.start();
    await world.publish(app, ...numbers);
    await world.settled(numbers, 30_000);
  };

  const bootHandler = (exactlyOnce: boolean): Promise<TestingModule> => {
    const options = { stream: world.stream, group: world.group, concurrency: CONCURRENCY, exactlyOnce };
    return bootWithOutbox(world, handlerOf(options, effect), { outbox: { relay: false }, poolSize: CONCURRENCY + 2 });
  };

  it('of a message is its statements and a COMMIT', async () => {
    await measure(await bootHandler(false));
    expect(counts.statements).toBe(2 * MESSAGES);
    expect(counts.commands - MESSAGES).toBeLessThanOrEqual(MOST_COMMANDS * MESSAGES);
  });

  it('of a message with exactlyOnce is one statement more', async () => {
    await measure(await bootHandler(true));
    expect(counts.statements).toBe(3 * MESSAGES);
    expect(counts.commands - MESSAGES).toBeLessThanOrEqual(MOST_COMMANDS * MESSAGES);
  });

  it('of a batch is its statements and a COMMIT for all', async () => {
    const options = { stream: world.stream, group: world.group, batch: { size: 50, waitMs: 1_000 } };
    const app = await bootWithOutbox(world, batchHandlerOf(options, effects), { outbox: { relay: false } });
    await measure(app);
    // some batches are not full: messages arrive while others are read
    expect(counts.statements - MESSAGES).toBeLessThanOrEqual(MESSAGES / 25);
    expect(counts.commands - MESSAGES).toBeLessThanOrEqual(MESSAGES / 10);
  });

  it('of publishing is a command for each message', async () => {
    const app = await bootWithOutbox(world, [], { outbox: { relay: false } });
    await app.get(StreamPublisher).publish(world.stream, { n: 0 });
    counts.start();
    for (const n of upTo(10)) await app.get(StreamPublisher).publish(world.stream, { n });
    expect([counts.statements, counts.commands]).toEqual([0, 10]);
    counts.start();
    await world.publish(app, ...upTo(100));
    expect(counts.commands).toBe(100);
  });

  it('of a session is its statements and a COMMIT', async () => {
    const app = await bootWithOutbox(world, [], { outbox: { relay: false } });
    const update = (): Promise<number> =>
      app.get(DbSessions).run((session) => session.execute('UPDATE effects SET n = n WHERE id = 0'));
    await update();
    counts.start();
    for (const _ of upTo(10)) await update();
    expect(counts.statements).toBe(20);
  });

  it('of publishing from a transaction is one statement', async () => {
    const app = await bootWithOutbox(world, [], { outbox: { relay: false } });
    await publishInTransaction(app, [0]);
    counts.start();
    for (const n of upTo(10)) await publishInTransaction(app, [n]);
    expect([counts.statements, counts.commands]).toEqual([20, 0]);
  });

  it('of relaying a batch is a claim, a mark and a COMMIT, and a command for each message', async () => {
    const relay = { pollMs: 60_000, purgeEveryMs: 60_000, batchSize: 100 };
    const app = await bootWithOutbox(world, [], { outbox: { relay } });
    await publishInTransaction(app, [0]);
    await relayed(1);
    counts.start();
    await publishInTransaction(app, upTo(100));
    await relayed(101);
    // with those of the transaction: its INSERT and its COMMIT
    expect([counts.statements, counts.commands]).toEqual([5, 100]);
  });

  const publishInTransaction = (app: TestingModule, numbers: readonly number[]): Promise<unknown> =>
    app.get(DbSessions).run((session) => {
      const messages = numbers.map((n) => ({ payload: { n } }));
      return app.get(Outbox).publishMany(session, world.stream, messages);
    });

  const relayed = (count: number): Promise<true> => {
    const sql = 'SELECT id FROM safesync_outbox WHERE state = 0';
    const isDone = async (): Promise<boolean> =>
      (await world.redis.client.xlen(world.stream)) === count && (await world.database.rows(sql)).length === 0;
    return eventually(isDone, { what: `${count} relayed` });
  };
});

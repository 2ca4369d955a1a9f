import { DELIVERIES, StreamPublisher } from '@safesync/queue';
import { batchHandlerOf, effects, numbersOf } from '../queue/batch-world.js';
import { effect, type HandlerWorld, handlerOf } from '../queue/handler-world.js';
import { bootWithOutbox, openOutboxWorld } from './outbox-world.js';

describe('the inbox of a batch', () => {
  let world: HandlerWorld;
  beforeAll(async () => {
    world = await openOutboxWorld();
  });
  beforeEach(async () => {
    await world.reset();
    await world.database.pool.query('DELETE FROM safesync_inbox');
  });
  afterEach(() => world.closeApps());
  afterAll(() => world.close());

  const options = () => ({
    stream: world.stream,
    group: world.group,
    exactlyOnce: true,
    retry: { baseMs: 1, maxMs: 5 },
    maxDeliveries: 2,
  });
  const outcome = (kind: string): number =>
    world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: kind }) ?? 0;
  const inboxRows = async (): Promise<number> => (await world.database.rows('SELECT id FROM safesync_inbox')).length;
  const publish = async (publisher: StreamPublisher, ...numbers: number[]): Promise<void> => {
    await publisher.publishMany(
      world.stream,
      numbers.map((n) => ({ payload: { n }, id: `id-${n}` })),
    );
  };

  it('has a row for each message, and leaves out what was done before', async () => {
    const runs: number[][] = [];
    const handler = batchHandlerOf({ ...options(), batch: { size: 6, waitMs: 600_000 } }, async (messages, session) => {
      runs.push(numbersOf(messages));
      await effects(messages, session);
    });
    const app = await bootWithOutbox(world, handler);
    await publish(app.get(StreamPublisher), 1, 2, 1, 3, 2, 1);
    await world.settled([1, 2, 3]);
    await publish(app.get(StreamPublisher), 1, 4, 2, 5, 3, 4);
    await world.settled([1, 2, 3, 4, 5]);
    expect(runs).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect([await inboxRows(), outcome('done'), outcome('duplicate')]).toEqual([5, 5, 7]);
  });

  it('forgets with its savepoint what failed', async () => {
    const handler = handlerOf(
      { ...options(), batch: { mode: 'each' } },
      async (message, session, { deliveryCount }) => {
        await effect(message, session);
        if (message.payload.n === 2 && deliveryCount === 1) throw new Error('not yet');
      },
    );
    const app = await bootWithOutbox(world, handler);
    await publish(app.get(StreamPublisher), 1, 2, 3, 1);
    await world.settled([1, 2, 3]);
    expect([await inboxRows(), outcome('done'), outcome('duplicate')]).toEqual([3, 3, 1]);
  });
});

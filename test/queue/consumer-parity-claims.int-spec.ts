import { TestSignal } from '@safesync/testing';
import { insert, LONG_MS, ParityWorld } from './consumer-parity-world.js';

const world = new ParityWorld();

beforeAll(() => world.open());
beforeEach(() => world.begin());
afterEach(() => world.end());
afterAll(() => world.close());

describe('runClaimStale', () => {
  /** Messages that another consumer has left. */
  async function left(count: number): Promise<string[]> {
    const other = await world.consumer('other');
    const ids = await other.queue.enqueueMany(Array.from({ length: count }, (_, n) => ({ n })));
    await other.queue.read(1_000, count);
    return ids;
  }

  it('K9 handles, commits and acknowledges stale messages', async () => {
    const ids = await left(3);
    const consumer = await world.consumer();
    let handled = 0;
    await consumer.runClaimStale({
      sessions: world.db.sessions,
      minIdleMs: 0,
      handler: async (message, session) => {
        await insert(session, message);
        handled += 1;
        if (handled === 3) consumer.stop();
      },
    });
    expect(await world.effects()).toEqual(ids);
    expect(await world.pending()).toEqual([]);
  });

  it('K10 lets the error of the handler out, the rest of the claim staying pending', async () => {
    const ids = await left(2);
    const consumer = await world.consumer();
    const failure = new Error('the handler failed');
    const run = consumer.runClaimStale({
      sessions: world.db.sessions,
      minIdleMs: 0,
      handler: async (message, session) => {
        await insert(session, message);
        throw failure;
      },
    });
    await expect(run).rejects.toBe(failure);
    expect(await world.effects()).toEqual([]);
    expect(await world.pending()).toEqual(ids);
  });

  it('K11 waits between claims that found nothing, and stop ends the wait', async () => {
    const consumer = await world.consumer('c', { claimIdleMs: 77 });
    const claimed = new TestSignal('claim');
    const claimStale = consumer.queue.claimStale.bind(consumer.queue);
    const claim = jest.spyOn(consumer.queue, 'claimStale').mockImplementation(async (...args) => {
      const messages = await claimStale(...args);
      claimed.emit(undefined);
      return messages;
    });
    const handler = jest.fn();
    const run = consumer.runClaimStale({ sessions: world.db.sessions, handler, claimIntervalMs: LONG_MS });
    await claimed.next();
    await left(1);
    consumer.stop();
    await run;
    expect(claim.mock.calls).toEqual([[77, 10]]);
    expect(handler).not.toHaveBeenCalled();
  });

  it('claims again without waiting while claims come back full', async () => {
    const ids = await left(5);
    const consumer = await world.consumer();
    const handled = new TestSignal<string>('message handled');
    const run = consumer.runClaimStale({
      sessions: world.db.sessions,
      minIdleMs: 0,
      maxClaimCount: 2,
      claimIntervalMs: LONG_MS,
      handler: async ({ id }) => handled.emit(id),
    });
    for (const id of ids) expect(await handled.next()).toBe(id);
    consumer.stop();
    await run;
  });

  it('stop leaves the rest of a claim pending', async () => {
    const ids = await left(3);
    const consumer = await world.consumer();
    await consumer.runClaimStale({ sessions: world.db.sessions, minIdleMs: 0, handler: async () => consumer.stop() });
    expect(await world.pending()).toEqual(ids.slice(1));
  });

  it('K12 claimStale takes at most count, the rest staying with its holder', async () => {
    await left(5);
    const consumer = await world.consumer();
    expect(await consumer.claimStale(0, 3)).toHaveLength(3);
    expect(await world.redis.client.xpending(world.name, 'g', '-', '+', 10, 'other')).toHaveLength(2);
  });
});

import { ConsumerRegistry } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { batchHandlerOf, effects, numbersOf } from './batch-world.js';
import { type HandlerWorld, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const options = (batch: { size: number; waitMs?: number }) => ({ stream: world.stream, group: world.group, batch });
const add = async (...numbers: number[]) => {
  for (const n of numbers) await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
};

describe('the wait of a batch', () => {
  const aliveUntil = (ms: number) => world.redis.client.zadd(`${world.stream}:alive:g`, ms, 'dead');

  /** Message 0, delivered often to a consumer that counts as alive until then. */
  async function suspect(untilMs: number): Promise<void> {
    const { client } = world.redis;
    await client.xgroup('CREATE', world.stream, 'g', '0', 'MKSTREAM');
    await add(0);
    await client.xreadgroup('GROUP', 'g', 'dead', 'COUNT', 1, 'STREAMS', world.stream, '>');
    const [id] = await world.pending();
    await client.xclaim(world.stream, 'g', 'dead', 0, id as string, 'RETRYCOUNT', 5, 'JUSTID');
    await aliveUntil(untilMs);
  }

  it('waits for nobody with a suspect', async () => {
    await suspect(0);
    await world.boot(batchHandlerOf(options({ size: 10, waitMs: 600_000 }), effects));
    await world.settled([0]);
  });

  it('ends when a suspect has to be alone: what has waited runs without it, and it runs without what comes', async () => {
    const runs: number[][] = [];
    await suspect(Date.now() + 3_600_000);
    const handler = batchHandlerOf(
      { ...options({ size: 10, waitMs: 600_000 }), claimIntervalMs: 50, claimIdleMs: 900_000 },
      async (messages, session) => {
        runs.push(numbersOf(messages));
        await effects(messages, session);
      },
    );
    const app = await world.boot(handler);
    await add(1, 2);
    await eventually(() => app.get(ConsumerRegistry).status[0]?.running === 2, { what: 'two that wait' });
    await aliveUntil(0);
    await world.settled([0, 1, 2]);
    expect(runs).toEqual([[1, 2], [0]]);
  });

  it('waits for more also behind a full batch', async () => {
    const runs: number[][] = [];
    await add(...upTo(4));
    const handler = batchHandlerOf(
      { ...options({ size: 3, waitMs: 600_000 }), concurrency: 2 },
      async (messages, session) => {
        runs.push(numbersOf(messages));
        await effects(messages, session);
      },
    );
    await world.boot(handler);
    await eventually(async () => (await world.pending()).length === 1, { what: 'one that waits' });
    await add(4, 5);
    await world.settled(upTo(6));
    expect(runs).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  it('control: without it the rest behind a full batch is started', async () => {
    const runs: number[][] = [];
    await add(...upTo(4));
    const handler = batchHandlerOf({ ...options({ size: 3 }), concurrency: 2 }, async (messages, session) => {
      runs.push(numbersOf(messages));
      await effects(messages, session);
    });
    await world.boot(handler);
    await world.settled(upTo(4));
    expect(runs).toEqual([[0, 1, 2], [3]]);
  });
});

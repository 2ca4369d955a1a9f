import { DELIVERIES } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { bootWithOutbox, openOutboxWorld } from '../outbox/outbox-world.js';
import { batchHandlerOf, effects } from './batch-world.js';
import { effect, type HandlerWorld, handlerOf } from './handler-world.js';

let world: HandlerWorld;
beforeAll(async () => {
  world = await openOutboxWorld();
});
beforeEach(() => world.reset());
afterEach(() => world.closeApps());
afterAll(() => world?.close());

const options = () => ({ stream: world.stream, group: world.group, exactlyOnce: true, retry: { baseMs: 1, maxMs: 5 } });
const together = () => batchHandlerOf({ ...options(), batch: { size: 3, waitMs: 100 } }, effects);
const each = () => handlerOf({ ...options(), batch: { size: 3, waitMs: 100, mode: 'each' } }, effect);
const EIGHT_DAYS = 8 * 86_400_000;

/** Two messages that are older than an inbox remembers, and a new one; `delivered` of the old ones to a consumer that died. */
async function aged(delivered: number): Promise<void> {
  const { client } = world.redis;
  for (const n of [1, 2]) await client.xadd(world.stream, `${Date.now() - EIGHT_DAYS + n}-0`, 'data', `{"n":${n}}`);
  await client.xgroup('CREATE', world.stream, world.group, '0');
  if (delivered > 0) {
    await client.xreadgroup('GROUP', world.group, 'dead', 'COUNT', delivered, 'STREAMS', world.stream, '>');
  }
  await client.zadd(`${world.stream}:alive:${world.group}`, 1, 'dead');
  await client.xadd(world.stream, '*', 'data', '{"n":3}');
}

describe.each([
  ['together', together],
  ['each', each],
] as const)('a batch, %s, of messages that an inbox may have forgotten', (_mode, handler) => {
  it('gives up what was delivered before, and does the others', async () => {
    await aged(1);
    await bootWithOutbox(world, handler());
    await world.settled([2, 3]);
    const letters = await eventually(
      async () => {
        const list = await world.deadLetters();
        return list.length > 0 && list;
      },
      { what: 'the dead letter' },
    );
    expect(letters).toEqual([expect.objectContaining({ reason: 'forgotten', data: '{"n":1}' })]);
    expect(letters[0]?.error).toMatchObject({ code: 'INBOX_RETENTION' });
    const outcome = world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: 'deadLetter' });
    expect(outcome).toBe(1);
  });

  it('control: does all that come for the first time, however old', async () => {
    await aged(0);
    await bootWithOutbox(world, handler());
    await world.settled([1, 2, 3]);
    expect(await world.deadLetters()).toEqual([]);
  });
});

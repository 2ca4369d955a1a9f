import type { DbSession } from '@safesync/db';
import { BATCH_SIZE, DELIVERIES, NonRetryableError, type StreamHandlerOptions } from '@safesync/queue';
import { eventually, TestSignal } from '@safesync/testing';
import { effect, type HandlerBody, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const options = (more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions => ({
  stream: world.stream,
  group: world.group,
  retry: { baseMs: 2, maxMs: 20 },
  batch: { mode: 'each' },
  ...more,
});
const add = async (...numbers: number[]) => {
  for (const n of numbers) await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
};
const outcome = (kind: string) => world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: kind });

describe('a batch of messages one by one', () => {
  it('is one transaction, with a run for each message', async () => {
    const seen: unknown[] = [];
    let visible = -1;
    await add(...upTo(5));
    await world.boot(
      handlerOf(options(), async (message, session) => {
        seen.push(await session.executeScalar('SELECT CONNECTION_ID()'));
        await effect(message, session);
        if (message.payload.n === 4) visible = (await world.effects()).length;
      }),
    );
    await world.settled(upTo(5));
    expect([seen.length, new Set(seen).size, visible]).toEqual([5, 1, 0]);
  });

  it('control: without a batch each is committed before the next', async () => {
    let visible = -1;
    await add(...upTo(5));
    await world.boot(
      handlerOf({ stream: world.stream, group: world.group }, async (message, session) => {
        if (message.payload.n === 4) visible = (await world.effects()).length;
        await effect(message, session);
      }),
    );
    await world.settled(upTo(5));
    expect(visible).toBe(4);
  });

  it('undoes what fails, and only that: its own decision, the others are committed together', async () => {
    const runs: number[] = [];
    await add(...upTo(6));
    await world.boot(
      handlerOf(options({ maxDeliveries: 2 }), async (message, session, context) => {
        const { n } = message.payload;
        runs.push(n);
        await effect(message, session);
        if (n === 1) throw new Error('poison');
        if (n === 2) return context.deadLetter('unlucky');
        return n === 4 && context.deliveryCount === 1 ? context.retry({ delayMs: 1 }) : undefined;
      }),
    );
    await world.settled([0, 3, 4, 5]);
    await eventually(async () => (await world.deadLetters()).length === 2, { what: 'two dead letters' });
    const letters = (await world.deadLetters()).map(({ data, reason, deliveries }) => [data, reason, deliveries]);
    expect(letters.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
      ['{"n":1}', 'max_deliveries', 2],
      ['{"n":2}', 'unlucky', 1],
    ]);
    expect(runs.toSorted((a, b) => a - b)).toEqual([0, 1, 1, 2, 3, 4, 4, 5]);
  });

  it('is run again one by one when its transaction is lost: no message is counted for another', async () => {
    const runs: number[] = [];
    await add(...upTo(4));
    await world.boot(
      handlerOf(options({ maxDeliveries: 1 }), async (message, session) => {
        runs.push(message.payload.n);
        await effect(message, session);
        if (message.payload.n !== 2) return;
        const id = await session.executeScalar<number>('SELECT CONNECTION_ID()');
        await world.database.pool.query(`KILL ${id}`);
        await effect(message, session);
      }),
    );
    await world.settled([0, 1, 3]);
    await eventually(async () => (await world.deadLetters()).length === 1, { what: 'a dead letter' });
    expect(await world.deadLetters()).toEqual([expect.objectContaining({ data: '{"n":2}', deliveries: 1 })]);
    expect(runs).toEqual([0, 1, 2, 0, 1, 2, 3]);
  });

  /** 1 fails where it sees what 0 did; 0 cannot be done a second time; `last` ends the first run. */
  const dependent = async (last: HandlerBody) => {
    const runs: number[] = [];
    await add(0, 1, 2);
    await world.boot(
      handlerOf(options(), async (message, session, context) => {
        const { n } = message.payload;
        const isAgain = runs.includes(n);
        runs.push(n);
        if (n === 0 && isAgain) throw new NonRetryableError('closed meanwhile');
        const seen = await session.executeScalar('SELECT COUNT(*) FROM effects WHERE n = 0');
        if (n === 1 && Number(seen) > 0) throw new NonRetryableError('insufficient funds');
        await effect(message, session);
        return n === 2 && !isAgain ? last(message, session, context) : undefined;
      }),
    );
    const handled = async () => (await world.effects()).length + (await world.deadLetters()).length;
    await eventually(async () => (await handled()) >= 3 && (await world.pending()).length === 0, {
      what: 'all handled',
    });
    const letters = (await world.deadLetters()).map(({ data, error }) => [data, error.message.split(' Correct ')[0]]);
    return { runs, letters, effects: await world.effects() };
  };
  const lose = async (session: DbSession) => {
    const id = await session.executeScalar<number>('SELECT CONNECTION_ID()');
    await world.database.pool.query(`KILL ${id}`);
    await session.execute('SELECT 1').catch(() => undefined);
  };
  const steal = async (entryId: string) => world.redis.client.xclaim(world.stream, 'g', 'thief', 0, entryId);

  it.each<[string, HandlerBody]>([
    ['throws', (message, session) => lose(session).then(() => effect(message, session))],
    ['is retried', (_, session, context) => lose(session).then(() => context.retry({ delayMs: 1 }))],
    ['is a dead letter', (_, session, context) => lose(session).then(() => context.deadLetter('no'))],
  ])('gives nothing up for what a lost transaction showed it, where the message that lost it %s', async (_, last) => {
    const { runs, letters, effects } = await dependent(last);
    expect([runs, letters, effects]).toEqual([[0, 1, 2, 0, 1, 2], [['{"n":0}', 'closed meanwhile']], [1, 2]]);
  });

  it('control: what a committed transaction showed counts', async () => {
    const { runs, letters, effects } = await dependent(async () => undefined);
    expect([runs, letters, effects]).toEqual([[0, 1, 2], [['{"n":1}', 'insufficient funds']], [0, 2]]);
  });

  it('runs all but the one whose lease is lost again, one by one', async () => {
    const runs: number[] = [];
    const before = new Set<number>();
    await add(0, 1, 2, 3);
    await world.boot(
      handlerOf(options(), async (message, session, context) => {
        const { n } = message.payload;
        const isAgain = runs.includes(n);
        runs.push(n);
        if (n === 1 && !isAgain) throw new NonRetryableError('what 0 did');
        await effect(message, session);
        if (isAgain) before.add((await world.effects()).length);
        if (n === 0) await steal(message.entryId);
        if (n === 3 && !isAgain) expect(await context.heartbeat()).toBe(false);
      }),
    );
    await eventually(async () => (await world.effects()).length === 3, { what: 'three effects' });
    await eventually(async () => (await world.pending()).length === 1, { what: 'the stolen one pending' });
    expect([runs, [...before], await world.effects()]).toEqual([
      [0, 1, 2, 3, 1, 2, 3],
      [0, 1, 2],
      [1, 2, 3],
    ]);
    expect(await world.deadLetters()).toEqual([]);
  });

  it('gives back what it did not do when the process stops, and says so by message', async () => {
    const entered = new TestSignal<number>('entered');
    await add(...upTo(6));
    const app = await world.boot(
      handlerOf(options({ batch: { mode: 'each', size: 2 } }), async (message, session, context) => {
        await effect(message, session);
        entered.emit(message.payload.n);
        if (message.payload.n === 1)
          await new Promise<void>((done) => context.signal.addEventListener('abort', () => done()));
      }),
      { queue: { drainMs: 50 } },
    );
    expect([await entered.next(), await entered.next()]).toEqual([0, 1]);
    await app.close();
    expect(await world.effects()).toEqual([]);
    expect(world.log.find((line) => line.includes('stopped:'))).toContain(
      '0 finished, 4 given back, 0 unacknowledged, 0 still running',
    );
    expect(outcome('giveBack')).toBe(2);
    await world.boot(handlerOf(options({ maxDeliveries: 1 }), effect));
    await world.settled(upTo(6));
  });

  it('runs what may kill its process alone', async () => {
    const { client } = world.redis;
    await client.xgroup('CREATE', world.stream, 'g', '0', 'MKSTREAM');
    await add(...upTo(4));
    await client.xreadgroup('GROUP', 'g', 'dead', 'COUNT', 4, 'STREAMS', world.stream, '>');
    const [, second] = await world.pending();
    await client.xclaim(world.stream, 'g', 'dead', 0, second as string, 'RETRYCOUNT', 5, 'JUSTID');
    await client.zadd(`${world.stream}:alive:g`, 0, 'dead');
    await world.boot(handlerOf(options(), effect));
    await world.settled(upTo(4));
    const sizes = world.metrics.observations(BATCH_SIZE, { stream: world.stream, group: 'g' });
    expect(sizes.toSorted((a, b) => a - b)).toEqual([1, 3]);
  });
});

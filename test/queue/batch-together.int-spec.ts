import { BATCH_SIZE, DELIVERIES, HANDLER_DURATION, NonRetryableError } from '@safesync/queue';
import { eventually, TestSignal } from '@safesync/testing';
import { z } from 'zod';
import { batchHandlerOf, effects, numbersOf } from './batch-world.js';
import { type HandlerWorld, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const fast = { baseMs: 2, maxMs: 20 };
const options = (batch: { size?: number; waitMs?: number } = {}) => ({
  stream: world.stream,
  group: world.group,
  retry: fast,
  batch,
});
const add = async (...numbers: number[]) => {
  for (const n of numbers) await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
};
const outcome = (kind: string) => world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: kind });
const sizes = () => world.metrics.observations(BATCH_SIZE, { stream: world.stream, group: 'g' });

describe('a batch', () => {
  it('takes what is ready, up to its size, in one transaction', async () => {
    const runs: number[][] = [];
    const connections = new Set<unknown>();
    await add(...upTo(25));
    await world.boot(
      batchHandlerOf(options({ size: 10 }), async (messages, session) => {
        runs.push(numbersOf(messages));
        connections.add(await session.executeScalar('SELECT CONNECTION_ID()'));
        await effects(messages, session);
      }),
    );
    await world.settled(upTo(25));
    expect(runs).toEqual([upTo(10), upTo(20).slice(10), upTo(25).slice(20)]);
    expect([connections.size, outcome('done'), sizes()]).toEqual([1, 25, [10, 10, 5]]);
    const durations = world.metrics.observations(HANDLER_DURATION, {
      stream: world.stream,
      group: 'g',
      outcome: 'done',
    });
    expect(durations).toHaveLength(3);
  });

  it('waits for more when it is told to; control: without waitMs it does not', async () => {
    const first = new TestSignal<number>('batch');
    const app = await world.boot(
      batchHandlerOf(options({ size: 3, waitMs: 600_000 }), async (messages) => first.emit(messages.length)),
    );
    for (const n of upTo(3)) await world.publish(app, n);
    expect(await first.next()).toBe(3);
    await world.closeApps();
    await world.reset();
    const alone = new TestSignal<number>('batch');
    const other = await world.boot(
      batchHandlerOf(options({ size: 3 }), async (messages) => alone.emit(messages.length)),
    );
    await world.publish(other, 1);
    expect(await alone.next()).toBe(1);
  });

  it('is divided when it fails, until the one that fails is alone: only that one is counted', async () => {
    const runs: number[][] = [];
    await add(...upTo(16));
    await world.boot(
      batchHandlerOf({ ...options(), maxDeliveries: 1 }, async (messages, session) => {
        runs.push(numbersOf(messages));
        await effects(messages, session);
        if (numbersOf(messages).includes(5)) throw new Error('poison');
      }),
    );
    await world.settled(upTo(16).filter((n) => n !== 5));
    expect(await world.deadLetters()).toEqual([expect.objectContaining({ data: '{"n":5}', reason: 'max_deliveries' })]);
    // 1 + 2 * log2(16): halves of the half that failed, the good half of each committed
    expect(runs.map((run) => run.length)).toEqual([16, 8, 4, 4, 2, 1, 1, 2, 8]);
    expect([outcome('done'), outcome('deadLetter'), sizes()]).toEqual([15, 1, [16]]);
  });

  it('runs 2 * size - 1 times at most, when all of them fail', async () => {
    let runs = 0;
    await add(...upTo(8));
    await world.boot(
      batchHandlerOf(options(), async () => {
        runs += 1;
        throw new NonRetryableError('no');
      }),
    );
    await eventually(async () => (await world.deadLetters()).length === 8, { what: 'eight dead letters' });
    expect(runs).toBe(15);
    await world.nothingPending();
  });

  it('commits nothing of what it decides otherwise on: the others run again without it', async () => {
    const runs: number[][] = [];
    await add(...upTo(4));
    await world.boot(
      batchHandlerOf(options(), async (messages, session, context) => {
        runs.push(numbersOf(messages));
        await effects(messages, session);
        return messages.map(({ payload: { n }, deliveryCount }) => {
          if (n === 1) return context.deadLetter('unlucky');
          if (n === 2 && deliveryCount === 1) return context.retry({ delayMs: 1 });
          return n === 3 ? context.ack() : undefined;
        });
      }),
    );
    await world.settled([0, 2, 3]);
    expect(await world.deadLetters()).toEqual([expect.objectContaining({ data: '{"n":1}', reason: 'unlucky' })]);
    expect(runs).toEqual([[0, 1, 2, 3], [0, 3], [2]]);
  });

  it('takes one outcome for all', async () => {
    let runs = 0;
    await add(...upTo(3));
    await world.boot(
      batchHandlerOf(options({ waitMs: 50, size: 3 }), async (messages, session, context) => {
        await effects(messages, session);
        runs += 1;
        return runs === 1 ? context.retry({ delayMs: 1 }) : undefined;
      }),
    );
    await world.settled(upTo(3));
    expect(outcome('retry')).toBe(3);
  });

  it('refuses outcomes that nobody can assign: nothing of them is committed', async () => {
    await add(1, 2);
    await world.boot(
      batchHandlerOf({ ...options(), maxDeliveries: 1 }, async (messages, session, context) => {
        await effects(messages, session);
        return [context.ack(), context.ack(), context.ack()].slice(0, messages.length + 1);
      }),
    );
    await eventually(async () => (await world.deadLetters()).length === 2, { what: 'two dead letters' });
    const letters = await world.deadLetters();
    expect(letters.map(({ error }) => error.code)).toEqual(['BATCH_OUTCOMES', 'BATCH_OUTCOMES']);
    expect(await world.effects()).toEqual([]);
  });

  it('never shows the handler a message that is invalid or cannot be read', async () => {
    const seen: number[] = [];
    const { client } = world.redis;
    await add(1);
    await client.xadd(world.stream, '*', 'data', '{"n":"x"}');
    await client.xadd(world.stream, '*', 'data', '{');
    await add(2);
    await world.boot(
      batchHandlerOf({ ...options(), payload: z.object({ n: z.number() }) }, async (messages, session) => {
        seen.push(...numbersOf(messages));
        await effects(messages, session);
      }),
    );
    await world.settled([1, 2]);
    expect(seen).toEqual([1, 2]);
    expect((await world.deadLetters()).map(({ reason }) => reason).toSorted()).toEqual(['invalid', 'malformed']);
  });

  it('leaves out what was replayed for another group, and acknowledges it', async () => {
    const seen: number[] = [];
    await add(1);
    const replay = { n: 2, __safesync: { replayFor: 'another' } };
    await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify(replay));
    await world.boot(
      batchHandlerOf(options(), async (messages, session) => {
        seen.push(...numbersOf(messages));
        await effects(messages, session);
      }),
    );
    await world.settled([1]);
    expect([seen, outcome('skipped')]).toEqual([[1], 1]);
  });

  it('loses all of its commit with the lease of one message; the others run again', async () => {
    const runs: number[][] = [];
    const { client } = world.redis;
    await add(...upTo(3));
    await world.boot(
      batchHandlerOf(options(), async (messages, session, context) => {
        runs.push(numbersOf(messages));
        await effects(messages, session);
        if (runs.length > 1) return;
        await client.xclaim(world.stream, 'g', 'thief', 0, messages[1]?.entryId as string);
        expect(await context.heartbeat()).toBe(false);
      }),
    );
    await eventually(async () => (await world.effects()).length === 2, { what: 'two effects' });
    await eventually(async () => (await world.pending()).length === 1, { what: 'the stolen one pending' });
    expect([runs, await world.effects(), outcome('letGo')]).toEqual([
      [
        [0, 1, 2],
        [0, 2],
      ],
      [0, 2],
      1,
    ]);
  });

  it('asks for its leases before the commit, when it stood still for too long to be sure of them', async () => {
    const runs: number[][] = [];
    await add(...upTo(3));
    await world.boot(
      batchHandlerOf({ ...options(), retry: fast, claimIdleMs: 300 }, async (messages, session) => {
        runs.push(numbersOf(messages));
        await effects(messages, session);
        if (runs.length > 1) return;
        await world.redis.client.xclaim(world.stream, 'g', 'thief', 0, messages[1]?.entryId as string);
        const until = performance.now() + 350;
        while (performance.now() < until);
      }),
    );
    await eventually(async () => (await world.effects()).length >= 2, { what: 'two effects' });
    expect(runs.slice(0, 2)).toEqual([
      [0, 1, 2],
      [0, 2],
    ]);
  });

  it('control: with its leases it commits at once', async () => {
    const beats: boolean[] = [];
    await add(...upTo(3));
    await world.boot(
      batchHandlerOf(options(), async (messages, session, context) => {
        await effects(messages, session);
        beats.push(await context.heartbeat());
      }),
    );
    await world.settled(upTo(3));
    expect(beats).toEqual([true]);
  });
});

import { Catch } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DEAD_LETTERS, DELIVERIES, type DeliveryContext, NonRetryableError, RETRIES } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const fast = { baseMs: 2, maxMs: 20 };
const options = () => ({ stream: world.stream, group: world.group, retry: fast });
const deadLetterOf = (n: number) =>
  eventually(async () => (await world.deadLetters()).find(({ data }) => data?.includes(`"n":${n}`)), {
    what: `dead letter of ${n}`,
  });

describe('a handler that throws', () => {
  it('is run again until it succeeds, each time in a new transaction', async () => {
    const runs: [number, number][] = [];
    const app = await world.boot(
      handlerOf(options(), async (message, session, context) => {
        await effect(message, session);
        runs.push([context.deliveryCount, context.attempt]);
        if (runs.length < 4) throw new Error('not yet');
      }),
    );
    await world.publish(app, 1);
    await world.settled([1]);
    expect(runs).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(world.metrics.total(RETRIES, { stream: world.stream, group: 'g' })).toBe(3);
    const counted = (outcome: string) => world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome });
    expect([counted('done'), counted('retry')]).toEqual([1, 3]);
  });

  it('never stops its neighbours', async () => {
    const app = await world.boot(
      handlerOf(
        { ...options(), concurrency: 2, retry: { baseMs: 20_000, maxMs: 20_000 } },
        async (message, session) => {
          if (message.payload.n % 2 === 1) throw new Error('odd');
          await effect(message, session);
        },
      ),
    );
    await world.publish(app, ...upTo(40));
    const even = upTo(40).filter((n) => n % 2 === 0);
    await eventually(async () => (await world.effects()).length === even.length, { what: 'effects of the even ones' });
    // the last of them is acknowledged a moment later
    await eventually(async () => (await world.pending()).length === 20, { what: 'only the odd ones are pending' });
    expect(await world.effects()).toHaveLength(even.length);
  });

  it('ends in the dead letters after maxDeliveries, once, with its error and its history', async () => {
    let runs = 0;
    const app = await world.boot(
      handlerOf({ ...options(), maxDeliveries: 3 }, async (message, session) => {
        await effect(message, session);
        if (message.payload.n !== 13) return;
        runs += 1;
        throw Object.assign(new RangeError(`run ${runs}`), { code: 'UNLUCKY' });
      }),
    );
    const ids = await world.publish(app, 12, 13, 14);
    await world.settled([12, 14]);
    const [letter, ...others] = await world.deadLetters();
    expect(others).toEqual([]);
    const error = (run: number) => ({ name: 'RangeError', code: 'UNLUCKY', message: `run ${run}` });
    expect(letter).toEqual({
      stream: world.stream,
      group: 'g',
      entryId: ids[1],
      consumer: expect.stringMatching(/-\d+-[0-9a-f]{8}$/),
      reason: 'max_deliveries',
      error: error(3),
      deliveries: 3,
      history: [1, 2, 3].map((delivery) => ({ delivery, at: expect.any(String), error: error(delivery) })),
      firstSeenAt: new Date(Number(ids[1]?.split('-')[0])).toISOString(),
      deadAt: expect.any(String),
      data: '{"n":13}',
    });
    expect(runs).toBe(3);
    // the log says where it was thrown: at the first failure and at the last
    expect(world.log.filter((line) => line.includes('delivery-failures.int-spec.ts'))).toHaveLength(2);
    const labels = { stream: world.stream, group: 'g', cause: 'max_deliveries' };
    expect(world.metrics.total(DEAD_LETTERS, labels)).toBe(1);
  });

  it('is given up at once for a NonRetryableError, with nothing of its work left', async () => {
    const app = await world.boot(
      handlerOf(options(), async (message, session) => {
        await effect(message, session);
        if (message.payload.n === 1) throw new NonRetryableError('The account is closed.');
      }),
    );
    await world.publish(app, 1, 2);
    await world.settled([2]);
    expect(await deadLetterOf(1)).toMatchObject({
      reason: 'non_retryable',
      deliveries: 1,
      error: { name: 'NonRetryableError', code: 'NON_RETRYABLE' },
    });
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'canary'],
    ['a frozen object', Object.freeze({})],
    [
      'an error that cannot be read',
      Object.defineProperty(new Error('x'), 'message', {
        get: () => {
          throw new Error('unreadable');
        },
      }),
    ],
  ])('may throw %s', async (_what, thrown) => {
    const app = await world.boot(
      handlerOf({ ...options(), maxDeliveries: 2 }, async (message, session) => {
        if (message.payload.n === 1) throw thrown;
        await effect(message, session);
      }),
    );
    await world.publish(app, 1, 2);
    await world.settled([2]);
    expect(JSON.stringify(await deadLetterOf(1))).not.toContain('canary');
  });

  it('that is too slow is rolled back and run again', async () => {
    let runs = 0;
    const app = await world.boot(
      handlerOf({ ...options(), handlerTimeoutMs: 100 }, async (message, session, context) => {
        await effect(message, session);
        runs += 1;
        if (runs > 1) return;
        await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
      }),
    );
    await world.publish(app, 1);
    await world.settled([1]);
    expect(runs).toBe(2);
  });

  it('that never ends does not keep its slot', async () => {
    const app = await world.boot(
      handlerOf({ ...options(), handlerTimeoutMs: 100, maxDeliveries: 1 }, async (message, session) => {
        await effect(message, session);
        if (message.payload.n === 1) await new Promise(() => undefined);
      }),
    );
    await world.publish(app, 1, 2);
    await world.settled([2]);
    expect(await deadLetterOf(1)).toMatchObject({ error: { code: 'SESSION_TIMEOUT' } });
  });
});

describe('a handler that decides', () => {
  it('retry: rolls back, waits and counts', async () => {
    const counts: number[] = [];
    const app = await world.boot(
      handlerOf({ ...options(), retry: { baseMs: 20_000, maxMs: 20_000 } }, async (message, session, context) => {
        await effect(message, session);
        counts.push(context.deliveryCount);
        return counts.length < 3 ? context.retry({ delayMs: 5 }) : undefined;
      }),
    );
    await world.publish(app, 1);
    await world.settled([1]);
    expect(counts).toEqual([1, 2, 3]);
  });

  it('deadLetter: rolls back and writes its reason', async () => {
    const app = await world.boot(
      handlerOf(options(), async (message, session, context) => {
        await effect(message, session);
        return context.deadLetter('account closed');
      }),
    );
    await world.publish(app, 1);
    expect(await deadLetterOf(1)).toMatchObject({ reason: 'account closed', deliveries: 1 });
    await world.settled([]);
  });

  it('ack: commits', async () => {
    const app = await world.boot(
      handlerOf(options(), async (message, session, context) => {
        await effect(message, session);
        return context.ack();
      }),
    );
    await world.publish(app, 1);
    await world.settled([1]);
  });

  it('a filter that answers ack drops the message without its work', async () => {
    @Catch()
    class Drop {
      catch(_error: unknown, host: { getArgByIndex(index: number): DeliveryContext }) {
        return host.getArgByIndex(2).ack();
      }
    }
    const app = await world.boot(
      handlerOf(options(), async (message, session) => {
        await effect(message, session);
        throw new Error('no');
      }),
      { providers: [{ provide: APP_FILTER, useClass: Drop }] },
    );
    await world.publish(app, 1);
    await world.nothingPending();
    await eventually(
      () => world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: 'acknowledge' }) === 1,
      {
        what: 'dropped message',
      },
    );
    expect([await world.effects(), await world.deadLetters()]).toEqual([[], []]);
  });

  it('a catch-all filter that swallows makes no success of a failure', async () => {
    @Catch()
    class Swallow {
      catch(): string {
        return 'handled';
      }
    }
    const app = await world.boot(
      handlerOf({ ...options(), maxDeliveries: 2 }, async (message, session) => {
        await effect(message, session);
        throw new Error('swallowed');
      }),
      { providers: [{ provide: APP_FILTER, useClass: Swallow }] },
    );
    await world.publish(app, 1);
    expect(await deadLetterOf(1)).toMatchObject({ reason: 'max_deliveries', error: { message: 'swallowed' } });
    await world.settled([]);
  });
});

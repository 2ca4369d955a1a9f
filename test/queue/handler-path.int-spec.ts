import {
  ConsumerRegistry,
  type DeliveryContext,
  MESSAGES_ACKED,
  MESSAGES_READ,
  type Message,
  StreamPublisher,
} from '@safesync/queue';
import { TestSignal } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo, useHandlerWorld } from './handler-world.js';

let world: HandlerWorld;
useHandlerWorld((opened) => {
  world = opened;
});

const options = () => ({ stream: world.stream, group: world.group });

describe('the path of a message', () => {
  it('commits every message once and acknowledges it', async () => {
    const app = await world.boot(handlerOf({ ...options(), concurrency: 8 }, effect));
    await world.publish(app, ...upTo(500));
    await world.settled(upTo(500));
    const stream = world.stream;
    expect(world.metrics.total(MESSAGES_READ, { stream })).toBe(500);
    expect(world.metrics.total(MESSAGES_ACKED, { stream })).toBe(500);
  });

  it('handles in order with a concurrency of 1', async () => {
    const app = await world.boot(handlerOf(options(), effect));
    await world.publish(app, ...upTo(50));
    await world.settled(upTo(50));
    expect(await world.effects()).toEqual(upTo(50));
  });

  it('acknowledges only after the commit is durable', async () => {
    const entered = new TestSignal<string>('handler entered');
    const release = new TestSignal('commit allowed');
    const app = await world.boot(
      handlerOf(options(), async (message, session) => {
        await effect(message, session);
        entered.emit(message.entryId);
        await release.next();
      }),
    );
    await world.publish(app, 1);
    const id = await entered.next();
    expect([await world.pending(), await world.effects()]).toEqual([[id], []]);
    release.emit(undefined);
    await world.settled([1]);
  });

  it('runs as many at once as concurrency says, and no more', async () => {
    let running = 0;
    let most = 0;
    const full = new TestSignal('three at once');
    const release = new TestSignal('release');
    const app = await world.boot(
      handlerOf({ ...options(), concurrency: 3 }, async (message, session) => {
        running += 1;
        most = Math.max(most, running);
        if (running === 3) full.emit(undefined);
        if (message.payload.n < 3) await release.next();
        await effect(message, session);
        running -= 1;
      }),
    );
    await world.publish(app, ...upTo(30));
    await full.next();
    for (const _ of upTo(3)) release.emit(undefined);
    await world.settled(upTo(30));
    expect(most).toBe(3);
  });

  it('gives the handler the message, a session and a context', async () => {
    const seen = new TestSignal<[Message, DeliveryContext]>('message');
    const app = await world.boot(
      handlerOf(options(), async (message, _session, context) => {
        seen.emit([message, context]);
      }),
    );
    const payload = { n: 1, big: 12_345_678_901_234_567_890n };
    const metadata = { id: 'transfer-1', key: 'account-7', headers: { trace: 'abc' } };
    const entryId = await app.get(StreamPublisher).publish(world.stream, payload, metadata);
    const [message, context] = await seen.next();
    expect({ ...message }).toEqual({ ...metadata, entryId, ...options(), payload, deliveryCount: 1 });
    expect([context.deliveryCount, context.attempt, context.signal.aborted]).toEqual([1, 1, false]);
  });

  it('renews its lease on request', async () => {
    const renewed = new TestSignal<boolean>('heartbeat');
    const app = await world.boot(
      handlerOf(options(), async (_message, _session, context) => {
        renewed.emit(await context.heartbeat());
      }),
    );
    await world.publish(app, 1);
    expect(await renewed.next()).toBe(true);
  });

  it('starts a new group at the beginning of the history, or where it is told', async () => {
    for (const n of [1, 2]) await world.redis.client.xadd(world.stream, '*', 'data', JSON.stringify({ n }));
    const all = await world.boot(handlerOf(options(), effect));
    await world.settled([1, 2]);
    await all.close();
    await world.database.pool.query('DELETE FROM effects');
    const fresh = await world.boot(handlerOf({ ...options(), group: 'late', groupStart: '$' }, effect));
    await world.publish(fresh, 3);
    await world.settled([3]);
  });

  it('gives every group every message', async () => {
    const app = await world.boot([
      handlerOf({ ...options(), group: 'a' }, effect),
      handlerOf({ ...options(), group: 'b' }, effect),
    ]);
    await world.publish(app, 1, 2);
    await world.settled([1, 1, 2, 2]);
  });

  it('shares the messages of a group between processes', async () => {
    const handlers = upTo(3).map(() => handlerOf({ ...options(), concurrency: 2 }, effect));
    const apps = await Promise.all(handlers.map((handler) => world.boot(handler)));
    await world.publish(apps[0] as (typeof apps)[0], ...upTo(300));
    await world.settled(upTo(300));
  });

  it('starts handlers only when told, with autoStart off', async () => {
    const app = await world.boot(handlerOf(options(), effect), {
      queue: { connections: world.redis.url, autoStart: false },
    });
    await world.publish(app, 1);
    expect(app.get(ConsumerRegistry).isRunning).toBe(false);
    expect(await world.redis.client.xinfo('GROUPS', world.stream)).toEqual([]);
    await app.get(ConsumerRegistry).start();
    await world.settled([1]);
  });

  it('adds the prefix to every name of the stream in Redis', async () => {
    const [prefix, name] = [world.stream.slice(0, 5), world.stream.slice(5)];
    const app = await world.boot(handlerOf({ ...options(), stream: name }, effect), {
      queue: { connections: world.redis.url, prefix },
      streams: [{ name }],
    });
    await app.get(StreamPublisher).publish(name, { n: 1 });
    await world.settled([1]);
    expect(await world.redis.client.xlen(world.stream)).toBe(1);
  });
});

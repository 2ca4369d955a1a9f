import { GroupMissingError, QueueConsumer, QueueError, type QueueMessage, RedisConnection } from '@safesync/queue';
import { eventually, TcpProxy } from '@safesync/testing';
import { insert, LONG_MS, ParityWorld } from './consumer-parity-world.js';

const world = new ParityWorld();

beforeAll(() => world.open());
beforeEach(() => world.begin());
afterEach(() => world.end());
afterAll(() => world.close());

describe('K2 next', () => {
  it('returns a message, or null when none came in time', async () => {
    const consumer = await world.consumer();
    const id = await consumer.queue.enqueue({ a: 1 });
    expect(await consumer.next()).toEqual({ stream: world.name, group: 'g', id, payload: { a: 1 } });
    expect(await consumer.next(20)).toBeNull();
  });

  it('takes its default wait from the configuration', async () => {
    const consumer = await world.consumer('c', { blockMs: 20 });
    const read = jest.spyOn(consumer.queue, 'read');
    expect(await consumer.next()).toBeNull();
    expect(read).toHaveBeenCalledWith(20);
  });

  it('after stop returns null without reading, and leaves the process room to breathe', async () => {
    const consumer = await world.consumer();
    await consumer.queue.enqueue({});
    consumer.stop();
    const read = jest.spyOn(consumer.queue, 'read');
    const others = { turns: 0 };
    const other = setInterval(() => {
      others.turns += 1;
    }, 1);
    // the loop of the Python guide, which does not look at isStopping
    while (others.turns < 3) expect(await consumer.next()).toBeNull();
    clearInterval(other);
    expect(read).not.toHaveBeenCalled();
    expect(await world.pending()).toEqual([]);
  });

  it('lets QueueErrors out, as iteration, ack and claims do', async () => {
    const consumer = await world.consumer();
    await world.redis.client.del(world.name);
    await expect(consumer.next(50)).rejects.toThrow(GroupMissingError);
    await expect(consumer.iterMessages().next()).rejects.toThrow(QueueError);
    await expect(consumer.claimStale()).rejects.toThrow(QueueError);
    await expect(consumer.next(0)).rejects.toThrow('block_ms cannot be 0');
    consumer.close();
    const own = await QueueConsumer.create(world.redis.url, consumer.queue.config);
    own.close();
    await expect(own.ack({ stream: world.name, group: 'g', id: '1-1', payload: 1 })).rejects.toThrow(QueueError);
  });
});

describe('K3 iteration', () => {
  it('yields messages in order and ends after stop', async () => {
    const consumer = await world.consumer();
    const ids = await consumer.queue.enqueueMany([1, 2]);
    const seen: string[] = [];
    for await (const message of consumer) {
      seen.push(message.id);
      if (seen.length === 2) consumer.stop();
    }
    expect(seen).toEqual(ids);
    expect(await world.pending()).toEqual(ids);
  });

  it('yields nothing when stopped before it starts', async () => {
    const consumer = await world.consumer();
    await consumer.queue.enqueue({});
    consumer.stop();
    for await (const message of consumer.iterMessages()) throw new Error(`unexpected ${message.id}`);
    expect(consumer.isStopping).toBe(true);
  });
});

it('K4 ack works after stop', async () => {
  const consumer = await world.consumer();
  await consumer.queue.enqueue({});
  const message = (await consumer.next()) as QueueMessage;
  consumer.stop();
  expect(await consumer.ack(message)).toBe(true);
});

describe('run', () => {
  it('K5 commits, then acknowledges, and ends after stop', async () => {
    const consumer = await world.consumer();
    const ids = await consumer.queue.enqueueMany([1, 2]);
    const pendingInHandler: string[][] = [];
    await consumer.run({
      sessions: world.db.sessions,
      handler: async (message, session) => {
        await insert(session, message);
        pendingInHandler.push(await world.pending());
        if (message.id === ids[1]) consumer.stop();
      },
    });
    expect(await world.effects()).toEqual(ids);
    expect(await world.pending()).toEqual([]);
    expect(pendingInHandler).toEqual([[ids[0]], [ids[1]]]);
  });

  it('K5 acknowledges only what is committed', async () => {
    const consumer = await world.consumer();
    const id = await consumer.queue.enqueue({});
    const seenAtAck: string[][] = [];
    const ack = consumer.queue.ack.bind(consumer.queue);
    jest.spyOn(consumer.queue, 'ack').mockImplementation(async (message) => {
      seenAtAck.push(await world.effects());
      return ack(message);
    });
    await consumer.run({
      sessions: world.db.sessions,
      handler: async (message, session) => {
        await insert(session, message);
        consumer.stop();
      },
    });
    expect(seenAtAck).toEqual([[id]]);
  });

  it('K6 rolls back and throws the very error of the handler, the message staying pending', async () => {
    const consumer = await world.consumer();
    const ids = await consumer.queue.enqueueMany([1, 2]);
    const failure = new Error('the handler failed');
    const run = consumer.run({
      sessions: world.db.sessions,
      handler: async (message, session) => {
        await insert(session, message);
        throw failure;
      },
    });
    await expect(run).rejects.toBe(failure);
    expect(await world.effects()).toEqual([]);
    expect(await world.pending()).toEqual([ids[0]]);
  });

  it('K7 throws the error of a commit that fails, the message staying pending', async () => {
    const consumer = await world.consumer();
    const id = await consumer.queue.enqueue({});
    const run = consumer.run({
      sessions: world.db.sessions,
      handler: async (message, session) => {
        await insert(session, message);
        const thread = await session.executeScalar<string>('SELECT CONNECTION_ID()');
        await world.database.pool.query(`KILL ${thread}`);
      },
    });
    await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/CONNECTION|COMMIT|ABORTED/) as string });
    expect(await world.effects()).toEqual([]);
    expect(await world.pending()).toEqual([id]);
  });

  it('K8 throws the error of an acknowledgement that fails, the work being committed and the message pending', async () => {
    const { hostname: host, port } = new URL(world.redis.url);
    const proxy = await TcpProxy.start({ host, port: Number(port) });
    const throughProxy = new RedisConnection(proxy.url(world.redis.url), { commandTimeoutMs: 2_000 });
    const consumer = await world.consumer('c', {}, throughProxy);
    const id = await consumer.queue.enqueue({});
    const run = consumer.run({
      sessions: world.db.sessions,
      handler: async (message, session) => {
        await insert(session, message);
        await proxy.stop();
      },
    });
    await expect(run).rejects.toThrow(QueueError);
    expect(await world.effects()).toEqual([id]);
    expect(await world.pending()).toEqual([id]);
    throughProxy.close();
  });
});

it('K13 consumers that read at the same time never get the same message', async () => {
  const group = await Promise.all(['a', 'b', 'c'].map((consumerName) => world.consumer(consumerName)));
  const ids = await (group[0] as QueueConsumer).queue.enqueueMany([1, 2, 3, 4, 5, 6]);
  const readTwice = async (consumer: QueueConsumer): Promise<(QueueMessage | null)[]> => [
    await consumer.next(),
    await consumer.next(),
  ];
  const seen = (await Promise.all(group.map(readTwice))).flat().map((message) => message?.id);
  expect(new Set(seen)).toEqual(new Set(ids));
});

describe('stop', () => {
  it('K14 leaves an unacknowledged message pending', async () => {
    const consumer = await world.consumer();
    const id = await consumer.queue.enqueue({});
    await consumer.next();
    consumer.stop();
    expect(await world.pending()).toEqual([id]);
  });

  it('K15 may be called any number of times', async () => {
    const consumer = await world.consumer();
    await Promise.all(Array.from({ length: 5 }, async () => consumer.stop()));
    expect(consumer.isStopping).toBe(true);
    expect(await consumer.next()).toBeNull();
  });

  it('K16 ends a waiting read at once', async () => {
    const consumer = await world.consumer();
    const next = consumer.next(LONG_MS);
    await eventually(() => world.isBlocked(), { what: 'the read to block' });
    consumer.stop();
    expect(await next).toBeNull();
  });

  it('ends a waiting run at once, without an error', async () => {
    const consumer = await world.consumer();
    const run = consumer.run({ sessions: world.db.sessions, handler: async () => undefined });
    await eventually(() => world.isBlocked(), { what: 'the read to block' });
    consumer.stop();
    await run;
  });
});

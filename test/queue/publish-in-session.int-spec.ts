import { Injectable } from '@nestjs/common';
import { DbSessions, isInSession } from '@safesync/db';
import {
  DeadLetters,
  type InSessionOptions,
  PublishInSessionError,
  RedisConnection,
  RedisStreamsQueue,
  StreamPublisher,
} from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { HandlerWorld, handlerOf } from './handler-world.js';
import { failureOf } from './publish-world.js';

let world: HandlerWorld;
let sessions: DbSessions;
let publisher: StreamPublisher;
let letters: DeadLetters;

@Injectable()
class Nothing {}

beforeAll(async () => {
  world = await HandlerWorld.open();
}, 120_000);
beforeEach(async () => {
  await world.reset();
  const app = await world.boot(Nothing);
  sessions = app.get(DbSessions);
  publisher = app.get(StreamPublisher);
  letters = app.get(DeadLetters);
});
afterEach(() => world.closeApps());
afterAll(() => world.close());

const length = (): Promise<number> => world.redis.client.xlen(world.stream);

describe('a publish inside of an open session', () => {
  const ways: [string, () => Promise<unknown>][] = [
    ['publish', () => publisher.publish(world.stream, {})],
    ['publishMany', () => publisher.publishMany(world.stream, [{ payload: {} }])],
    ['a delayed one', () => publisher.publish(world.stream, {}, { delayMs: 1_000 })],
    ['one with a dedupe key', () => publisher.publish(world.stream, {}, { dedupeKey: 'a' })],
    [
      'by a publisher made by hand',
      async () => {
        const connection = new RedisConnection(world.redis.url);
        const work = new StreamPublisher(connection).publish(world.stream, {});
        return work.finally(() => connection.close());
      },
    ],
  ];

  it.each(ways)('%s is refused, and nothing is sent', async (_name, publish) => {
    const error = await sessions.run(async () => failureOf(publish()));
    expect(error).toBeInstanceOf(PublishInSessionError);
    expect(error.code).toBe('PUBLISH_IN_SESSION');
    expect(error.message).toContain('outbox.publish(session, ...) of @safesync/outbox');
    expect(await length()).toBe(0);
    expect(await world.redis.client.exists(`${world.stream}:delayed`)).toBe(0);
  });

  it.each(ways)('control: %s outside of it is not', async (_name, publish) => {
    await publish();
    expect((await length()) + (await world.redis.client.exists(`${world.stream}:delayed`))).toBe(1);
  });

  it('goes out with evenInSession, also when the session rolls back', async () => {
    const rolledBack = sessions.run(async () => {
      await publisher.publish(world.stream, {}, { evenInSession: true });
      await publisher.publishMany(world.stream, [{ payload: {} }], { evenInSession: true });
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    expect(await length()).toBe(2);
  });

  it('is refused in a handler, however deep', async () => {
    const codes: (string | undefined)[] = [];
    const Handler = handlerOf({ stream: world.stream, group: world.group }, async () => {
      const later = Promise.resolve().then(async () => failureOf(publisher.publish(world.stream, {})));
      codes.push((await later).code);
    });
    const app = await world.boot(Handler);
    await world.publish(app, 1);
    await eventually(() => codes.length > 0, { what: 'the handler to have tried' });
    expect(codes).toEqual(['PUBLISH_IN_SESSION']);
    await world.nothingPending();
  });

  it('is refused in a direct connection or independent session inside of one', async () => {
    await sessions.run(async () => {
      await sessions.connection(async () => expect(isInSession()).toBe(true), { independent: true });
      await sessions.run(async () => expect(isInSession()).toBe(true), { independent: true });
    });
  });
});

describe('what else a rollback cannot undo', () => {
  let delayed: string;
  let letter: string;
  beforeEach(async () => {
    delayed = await publisher.publish(world.stream, { n: 1 }, { delayMs: 3_600_000 });
    await world.redis.client.xgroup('CREATE', world.stream, world.group, '$', 'MKSTREAM');
    const envelope = { stream: world.stream, group: world.group, entryId: '1-1', data: '{"n":2}' };
    letter = (await world.redis.client.xadd(`${world.stream}:dead`, '*', 'data', JSON.stringify(envelope))) as string;
  });
  const isDelayed = async (): Promise<boolean> => (await world.redis.client.exists(`${world.stream}:delayed`)) === 1;
  const isDead = async (): Promise<boolean> => (await world.redis.client.xlen(`${world.stream}:dead`)) === 1;

  const deeds: [string, (options?: InSessionOptions) => Promise<unknown>, done: [boolean, boolean, number]][] = [
    ['cancelDelayed', (options) => publisher.cancelDelayed(world.stream, delayed, options), [false, true, 0]],
    ['replay', (options) => letters.replay(world.stream, [letter], options), [true, false, 1]],
    ['replay by a filter', (options) => letters.replay(world.stream, {}, options), [true, false, 1]],
    ['discard', (options) => letters.discard(world.stream, [letter], 'test', options), [true, false, 0]],
  ];

  it.each(deeds)('%s is refused inside of an open session, and nothing is done', async (_name, deed) => {
    const error = await sessions.run(async () => failureOf(deed()));
    expect(error).toBeInstanceOf(PublishInSessionError);
    expect(error.message).toContain('do anything else in session.afterCommit');
    expect([await isDelayed(), await isDead(), await length()]).toEqual([true, true, 0]);
  });

  it.each(deeds)('%s is done there with evenInSession', async (_name, deed, done) => {
    await sessions.run(async () => void (await deed({ evenInSession: true })));
    expect([await isDelayed(), await isDead(), await length()]).toEqual(done);
  });

  it.each(deeds)('control: %s outside of it is done', async (_name, deed, done) => {
    await deed();
    expect([await isDelayed(), await isDead(), await length()]).toEqual(done);
  });
});

describe('a publish that no transaction can take back goes out', () => {
  it('after the commit, in hooks and behind the session', async () => {
    await sessions.run(async (session) => {
      session.afterCommit(async () => void (await publisher.publish(world.stream, {})));
    });
    await publisher.publish(world.stream, {});
    expect(await length()).toBe(2);
  });

  it('in a flow that has outlived its session', async () => {
    let later: Promise<string> | undefined;
    let ended: () => void = () => undefined;
    const isOver = new Promise<void>((resolve) => {
      ended = resolve;
    });
    await sessions.run(async () => {
      later = isOver.then(() => publisher.publish(world.stream, {}));
    });
    ended();
    await later;
    expect(await length()).toBe(1);
  });

  it('in a direct connection', async () => {
    await sessions.connection(async () => publisher.publish(world.stream, {}));
    expect(await length()).toBe(1);
  });

  it('by the low-level queue, as its ancestor does', async () => {
    const config = { streamKey: world.stream, consumerGroup: 'g', consumerName: 'c' };
    const queue = await RedisStreamsQueue.create(world.redis.url, config);
    await sessions.run(async () => queue.enqueue({ n: 1 }));
    queue.close();
    expect(await length()).toBe(1);
  });
});

import { BatchPublishError, PublishOutcomeUnknownError, StreamPublisher } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { failureOf, PublishWorld } from './publish-world.js';
import { CLOSE, FakeRedis } from './stream-fake-redis.js';

const world = new PublishWorld();
beforeEach(() => world.reset());
afterEach(() => world.end());
afterAll(() => world.redis.close());

const publisher = (windowMs?: number): StreamPublisher =>
  new StreamPublisher(world.connect(), windowMs === undefined ? {} : { dedupeWindowMs: windowMs });
const records = (): Promise<string[]> => world.redis.client.keys(`${world.stream}:dedupe:*`);

describe('a dedupe key', () => {
  it('Q-6 is one entry, however often and from wherever it is published, and its id is the answer', async () => {
    const all = [publisher(), publisher(), publisher()];
    const calls = Array.from({ length: 60 }, (_, n) =>
      (all[n % 3] as StreamPublisher).publish(world.stream, { n }, { dedupeKey: 'order-1' }),
    );
    const ids = new Set(await Promise.all(calls));
    const entries = await world.entries();
    expect(entries).toHaveLength(1);
    expect([...ids]).toEqual([entries[0]?.id]);
  });

  it('control: without a key each publish is an entry', async () => {
    const it = publisher();
    await Promise.all(Array.from({ length: 60 }, (_, n) => it.publish(world.stream, { n })));
    expect(await world.entries()).toHaveLength(60);
  });

  it('may be any text; each is another key, of one stream only', async () => {
    const it = publisher();
    const keys = ['a', 'A', 'ä', '{a}', '\n', '\0', '*', 'x'.repeat(10_000), '💡'];
    for (const dedupeKey of [...keys, ...keys]) await it.publish(world.stream, {}, { dedupeKey });
    expect(await world.entries()).toHaveLength(keys.length);
    expect((await records()).every((key) => key.length === world.stream.length + ':dedupe:'.length + 43)).toBe(true);
    const other = `${world.stream}:other`;
    await it.publish(other, {}, { dedupeKey: 'a' });
    expect(await world.entries(other)).toHaveLength(1);
  });

  it('is known for the window of the stream, an hour by default, counted from the first publish', async () => {
    await publisher().publish(world.stream, {}, { dedupeKey: 'a' });
    const [record] = await records();
    const ttl = await world.redis.client.pttl(record as string);
    expect(ttl).toBeGreaterThan(3_500_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
    await world.redis.client.pexpire(record as string, 1_000_000);
    await publisher().publish(world.stream, {}, { dedupeKey: 'a' });
    expect(await world.redis.client.pttl(record as string)).toBeLessThanOrEqual(1_000_000);
    const second = await publisher(5_000).publish(world.stream, {}, { dedupeKey: 'b' });
    const [other] = (await records()).filter((key) => key !== record);
    expect(await world.redis.client.pttl(other as string)).toBeLessThanOrEqual(5_000);
    await world.redis.client.del(other as string);
    expect(await publisher().publish(world.stream, {}, { dedupeKey: 'b' })).not.toBe(second);
  });

  it('is not taken by a publish that Redis refuses', async () => {
    await world.redis.client.set(world.stream, 'not a stream');
    const refused = publisher().publish(world.stream, {}, { dedupeKey: 'a' });
    await expect(refused).rejects.toMatchObject({ code: 'REDIS_REPLY', replyCode: 'WRONGTYPE' });
    await world.redis.client.del(world.stream);
    const id = await publisher().publish(world.stream, {}, { dedupeKey: 'a' });
    expect(await world.entries()).toMatchObject([{ id }]);
  });

  it('whose record is empty was refused and is free: the record of a refusal lasts for a moment only', async () => {
    const first = await publisher().publish(world.stream, {}, { dedupeKey: 'a' });
    const [record] = await records();
    await world.redis.client.set(record as string, '');
    const second = await publisher().publish(world.stream, {}, { dedupeKey: 'a' });
    expect((await world.entries()).map(({ id }) => id)).toEqual([first, second]);
  });

  it.each([[''], [7]])('%j is refused before anything is sent', async (dedupeKey) => {
    const refused = publisher().publish(world.stream, {}, { dedupeKey: dedupeKey as string });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await world.entries()).toEqual([]);
  });
});

describe('a lost answer', () => {
  it('R17 is one entry after five of them, and the publish succeeds by itself', async () => {
    const it = new StreamPublisher(world.connectByProxy(), { timeoutMs: 30_000 });
    const lost = world.loseReplies('marked', 5);
    const id = await it.publish(world.stream, { text: 'marked' }, { dedupeKey: 'a' });
    await lost;
    expect(await world.entries()).toEqual([{ id, data: { text: 'marked' } }]);
  });

  it('control: without a key it is told, not repeated, and repeating it by hand is a second entry', async () => {
    const it = new StreamPublisher(world.connectByProxy());
    const lost = world.loseReplies('marked', 1);
    const error = await failureOf(it.publish(world.stream, { text: 'marked' }));
    await lost;
    expect(error).toBeInstanceOf(PublishOutcomeUnknownError);
    expect(await world.entries()).toHaveLength(1);
    await it.publish(world.stream, { text: 'marked' });
    expect(await world.entries()).toHaveLength(2);
  });

  it('stays unknown when the repetition is refused: that says nothing about the first', async () => {
    let calls = 0;
    const fake = await FakeRedis.start((command) => {
      if (command !== 'evalsha') return undefined;
      calls += 1;
      return calls === 1 ? CLOSE : '-OOM no room\r\n';
    });
    const it = new StreamPublisher(world.connect(fake.url), { timeoutMs: 1_500 });
    const error = await failureOf(it.publish(world.stream, {}, { dedupeKey: 'a' }));
    await fake.stop();
    expect(error).toBeInstanceOf(PublishOutcomeUnknownError);
    expect(calls).toBeGreaterThan(1);
  });

  it('is told once the time is over', async () => {
    const it = new StreamPublisher(world.connectByProxy(), { timeoutMs: 400 });
    await it.publish(world.stream, { n: 0 });
    world.proxy.silence();
    const error = await failureOf(it.publish(world.stream, { n: 1 }, { dedupeKey: 'a' }));
    expect(error).toBeInstanceOf(PublishOutcomeUnknownError);
  });
});

describe('a lost answer that stays away', () => {
  type Way = (publisher: StreamPublisher) => Promise<unknown>;
  const ways: [string, Way][] = [
    ['publish', (by) => by.publish(world.stream, { text: 'marked' }, { dedupeKey: 'a' })],
    ['publishMany', (by) => by.publishMany(world.stream, [{ payload: { text: 'marked' }, dedupeKey: 'a' }])],
  ];

  /** The entry is written and its answer lost; then nothing passes until `isOver`. What became of the publish is settled by itself. */
  async function publishInto(way: Way, windowMs: number, isOver: () => Promise<boolean>): Promise<unknown> {
    const by = new StreamPublisher(world.connectByProxy(), { timeoutMs: 30_000, dedupeWindowMs: windowMs });
    const lost = world.loseReplies('marked', 1);
    const outcome = way(by).catch((error: unknown) => error);
    await lost;
    world.proxy.silence();
    await eventually(isOver, { what: 'the end of the silence' });
    world.proxy.heal();
    world.proxy.cut();
    return outcome;
  }

  it.each(ways)('of %s is told, not repeated, where the key may be forgotten by then', async (_name, way) => {
    const outcome = await publishInto(way, 1_000, async () => (await records()).length === 0);
    const error = outcome instanceof BatchPublishError ? failureIn(outcome) : outcome;
    expect(error).toBeInstanceOf(PublishOutcomeUnknownError);
    expect(await world.entries()).toHaveLength(1);
  });

  it.each(ways)('control: of %s is repeated while the key is known', async (_name, way) => {
    const outcome = await publishInto(way, 60_000, async () => world.proxy.swallowedBytes > 0);
    const [entry, ...others] = await world.entries();
    expect([outcome].flat()).toEqual([entry?.id]);
    expect(others).toEqual([]);
  });
});

function failureIn({ results: [result] }: BatchPublishError): unknown {
  return result !== undefined && 'error' in result ? result.error : undefined;
}

describe('a batch', () => {
  it('is deduped message by message, in order, also within itself', async () => {
    const it = publisher();
    const messages = [
      { payload: { n: 0 } },
      { payload: { n: 1 }, dedupeKey: 'a' },
      { payload: { n: 2 }, dedupeKey: 'b', id: 'm2' },
      { payload: { n: 3 }, dedupeKey: 'a' },
      { payload: { n: 4 } },
    ];
    const first = await it.publishMany(world.stream, messages);
    expect(first[3]).toBe(first[1]);
    const second = await it.publishMany(world.stream, messages.slice(1, 3));
    expect(second).toEqual(first.slice(1, 3));
    expect((await world.entries()).map(({ data }) => (data as { n: number }).n)).toEqual([0, 1, 2, 4]);
  });

  it('of keys only is sent again when its answers are lost', async () => {
    const it = new StreamPublisher(world.connectByProxy(), { timeoutMs: 30_000 });
    const lost = world.loseReplies('marked', 2);
    const messages = Array.from({ length: 40 }, (_, n) => ({ payload: { n, text: 'marked' }, dedupeKey: `k${n}` }));
    const ids = await it.publishMany(world.stream, messages);
    await lost;
    expect((await world.entries()).map(({ id }) => id)).toEqual(ids);
  });

  it('control: with one message that has no key it is not', async () => {
    const it = new StreamPublisher(world.connectByProxy());
    const lost = world.loseReplies('marked', 1);
    const messages = [{ payload: { text: 'marked' }, dedupeKey: 'a' }, { payload: { n: 1 } }];
    const error = (await failureOf(it.publishMany(world.stream, messages))) as BatchPublishError;
    await lost;
    expect(error.results.map((result) => 'error' in result && result.error.code)).toEqual([
      'PUBLISH_OUTCOME_UNKNOWN',
      'PUBLISH_OUTCOME_UNKNOWN',
    ]);
  });
});

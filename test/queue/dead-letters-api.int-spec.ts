import type { TestingModule } from '@nestjs/testing';
import { DeadLetters, NonRetryableError, StreamPublisher, UnknownStreamError } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, type HandlerBody, HandlerWorld, handlerOf, upTo } from './handler-world.js';

/** DL-2: what operators do with dead letters. */
describe('DeadLetters', () => {
  let world: HandlerWorld;
  /** Whether handlers give up what they get. */
  let isBroken: boolean;
  let ids: string[];

  const body: HandlerBody = async (message, session) => {
    ids.push(message.id);
    if (isBroken) throw new NonRetryableError('Broken.');
    await effect(message, session);
  };
  const handler = (group: string, does: HandlerBody = body) =>
    handlerOf({ stream: world.stream, group, claimIntervalMs: 100, livenessMs: 500 }, does);

  beforeAll(async () => {
    world = await HandlerWorld.open();
  });
  beforeEach(async () => {
    await world.reset();
    isBroken = true;
    ids = [];
  });
  afterEach(() => world.closeApps());
  afterAll(() => world.close());

  const dead = async (app: TestingModule, count: number): Promise<DeadLetters> => {
    await world.publish(app, ...upTo(count));
    await eventually(async () => (await world.deadLetters()).length === count, { what: `${count} dead letters` });
    return app.get(DeadLetters);
  };

  it('lists them newest first, a page at a time, without what the producer sent', async () => {
    const letters = await dead(await world.boot(handler('g')), 5);
    expect(await letters.count(world.stream)).toBe(5);
    const first = await letters.list(world.stream, { limit: 3 });
    const rest = await letters.list(world.stream, { limit: 3, after: first[2]?.id ?? '' });
    expect(first).toHaveLength(3);
    expect(rest).toHaveLength(2);
    const seen = [...first, ...rest];
    expect(seen.map(({ id }) => id)).toEqual(
      seen
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    expect(seen[0]).toMatchObject({ group: 'g', reason: 'non_retryable', deliveries: 1, isUnreadable: false });
    expect(JSON.stringify(seen)).not.toContain('"data"');
    const oldest = await letters.list(world.stream, { oldestFirst: true, withContent: true });
    expect(oldest.map(({ data }) => data)).toEqual(upTo(5).map((n) => `{"n":${n}}`));
  });

  it('shows one with what the producer sent, and nothing where there is none', async () => {
    const letters = await dead(await world.boot(handler('g')), 1);
    const [listed] = await letters.list(world.stream);
    expect(await letters.get(world.stream, listed?.id ?? '')).toMatchObject({ data: '{"n":0}' });
    expect(await letters.get(world.stream, '1-1')).toBeUndefined();
  });

  it('puts messages back by their ids, each with the id it had', async () => {
    const letters = await dead(await world.boot(handler('g')), 3);
    const before = [...ids];
    isBroken = false;
    const [newest, middle] = await letters.list(world.stream);
    const chosen = [newest?.id ?? '', middle?.id ?? ''];
    const report = await letters.replay(world.stream, [...chosen, '1-1']);
    expect(report).toEqual({ replayed: 2, missing: ['1-1'], unreadable: [], withoutGroup: [] });
    await world.settled([1, 2]);
    expect(ids.slice(3).toSorted()).toEqual(before.slice(1).toSorted());
    expect(await letters.count(world.stream)).toBe(1);
    expect(await letters.replay(world.stream, chosen)).toEqual({
      replayed: 0,
      missing: chosen,
      unreadable: [],
      withoutGroup: [],
    });
  });

  it('keeps the id, key and headers that a producer gave', async () => {
    const app = await world.boot(handler('g'));
    await app.get(StreamPublisher).publish(world.stream, { n: 7 }, { id: 'seven', key: 'k', headers: { a: 'b' } });
    await eventually(async () => (await world.deadLetters()).length === 1, { what: 'the dead letter' });
    isBroken = false;
    await app.get(DeadLetters).replay(world.stream, {});
    await world.settled([7]);
    const entries = await world.redis.client.xrange(world.stream, '-', '+');
    expect(JSON.parse(entries.at(-1)?.[1][1] as string)).toEqual({
      n: 7,
      __safesync: { id: 'seven', key: 'k', headers: { a: 'b' }, replayFor: 'g' },
    });
  });

  it('puts each back once when two do it at once', async () => {
    const letters = await dead(await world.boot(handler('g')), 250);
    isBroken = false;
    const reports = await Promise.all([letters.replay(world.stream, {}), letters.replay(world.stream, {})]);
    expect(reports.reduce((sum, { replayed }) => sum + replayed, 0)).toBe(250);
    await world.settled(upTo(250));
  });

  it('puts back those that match, and ends although they die again', async () => {
    const other = handler('other', async ({ payload }) => Promise.reject(new NonRetryableError(`Never ${payload.n}.`)));
    const app = await world.boot([handler('g'), other]);
    const letters = app.get(DeadLetters);
    await world.publish(app, ...upTo(4));
    await eventually(async () => (await letters.count(world.stream)) === 8, { what: 'eight dead letters' });
    expect(await letters.replay(world.stream, { group: 'other' })).toMatchObject({ replayed: 4 });
    await eventually(async () => (await letters.count(world.stream)) === 8, { what: 'four of them dead again' });
    expect(await letters.replay(world.stream, { reason: 'malformed' })).toMatchObject({ replayed: 0 });
    expect(await letters.replay(world.stream, { group: 'nobody' })).toMatchObject({ replayed: 0 });
  });

  it('spares the groups that had handled the message', async () => {
    const app = await world.boot([handler('g'), handler('fine', effect)]);
    const letters = await dead(app, 3);
    await world.settled(upTo(3));
    isBroken = false;
    await letters.replay(world.stream, {});
    await world.settled([...upTo(3), ...upTo(3)]);
  });

  it('puts malformed ones back byte for byte', async () => {
    const { client } = world.redis;
    const app = await world.boot(handler('g'));
    await client.xadd(world.stream, '*', 'odd', Buffer.from([0xff, 0x00, 0x7b]), 'data', '{}');
    await client.xadd(world.stream, '*', 'data', '{"broken');
    const letters = app.get(DeadLetters);
    await eventually(async () => (await letters.count(world.stream)) === 2, { what: 'two dead letters' });
    await app.close();
    await letters.replay(world.stream, {}).catch(() => undefined);
    const idle = await world.boot([]);
    expect(await idle.get(DeadLetters).replay(world.stream, {})).toMatchObject({ replayed: 2 });
    const entries = await client.xrangeBuffer(world.stream, '-', '+');
    expect(entries.slice(2).map(([, fields]) => fields)).toEqual(entries.slice(0, 2).map(([, fields]) => fields));
  });

  it('leaves what is no dead letter of ours, and says so', async () => {
    const app = await world.boot([]);
    const letters = app.get(DeadLetters);
    const id = (await world.redis.client.xadd(`${world.stream}:dead`, '*', 'note', 'to self')) as string;
    expect(await letters.list(world.stream)).toEqual([{ id, isUnreadable: true }]);
    expect(await letters.replay(world.stream, {})).toEqual({
      replayed: 0,
      missing: [],
      unreadable: [id],
      withoutGroup: [],
    });
    expect(await letters.count(world.stream)).toBe(1);
  });

  it('keeps a letter whose group is not there, and says so', async () => {
    const letters = await dead(await world.boot(handler('g')), 2);
    await world.closeApps();
    await world.redis.client.xgroup('DESTROY', world.stream, 'g');
    const report = await (await world.boot([])).get(DeadLetters).replay(world.stream, {});
    expect(report).toMatchObject({ replayed: 0, withoutGroup: [expect.any(String), expect.any(String)] });
    expect(await world.deadLetters()).toHaveLength(2);
    expect(letters).toBeDefined();
  });

  it('puts back what was as large as may be, to its group alone and under its id', async () => {
    const streams = [{ name: world.stream, maxPayloadBytes: 1_000 }];
    const app = await world.boot([handler('g'), handler('fine', effect)], { streams });
    await app.get(StreamPublisher).publish(world.stream, { n: 1, text: 'x'.repeat(980) });
    await eventually(async () => (await world.deadLetters()).length === 1, { what: 'the dead letter' });
    await world.settled([1]);
    isBroken = false;
    await app.get(DeadLetters).replay(world.stream, {});
    await world.settled([1, 1]);
    expect(new Set(ids).size).toBe(1);
  });

  it('goes on behind a letter that cannot be put back', async () => {
    const app = await world.boot(handler('g'));
    const key = `${world.stream}:dead`;
    const said = { stream: world.stream, group: 'g', entryId: '1-1' };
    const odd = [{ ...said, raw: 5 }, { ...said, data: 5 }, said, { ...said, raw: [] }, { ...said, raw: ['eA=='] }];
    const many = { ...said, raw: Array.from({ length: 9_000 }, () => 'eA==') };
    for (const letter of [...odd, many]) await world.redis.client.xadd(key, '*', 'data', JSON.stringify(letter));
    await world.redis.client.xadd(key, '*', 'data', JSON.stringify({ ...said, data: '{"n":5}' }));
    isBroken = false;
    const report = await app.get(DeadLetters).replay(world.stream, {});
    expect([report.replayed, report.unreadable.length]).toEqual([1, 6]);
    await world.settled([5]);
  });

  it('takes whole ids only', async () => {
    const letters = await dead(await world.boot(handler('g')), 1);
    const [letter] = await letters.list(world.stream);
    const part = letter?.id.split('-')[0] ?? '';
    await expect(letters.replay(world.stream, [part])).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(letters.discard(world.stream, [part], 'x')).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await letters.count(world.stream)).toBe(1);
  });

  it('ends at what was there, although the newest of it is taken meanwhile and more come', async () => {
    const app = await world.boot(handler('g'));
    const letters = await dead(app, 250);
    const [newest] = await letters.list(world.stream, { limit: 1 });
    const [report] = await Promise.all([
      letters.replay(world.stream, {}),
      letters.discard(world.stream, [newest?.id ?? ''], 'in between'),
    ]);
    expect(report.replayed).toBeLessThanOrEqual(250);
  });

  it('discards for good, and logs why', async () => {
    const letters = await dead(await world.boot(handler('g')), 3);
    const [one, two] = await letters.list(world.stream);
    expect(await letters.discard(world.stream, [one?.id ?? '', two?.id ?? '', '1-1'], 'test data')).toBe(2);
    expect(await letters.count(world.stream)).toBe(1);
    expect(world.log.some((line) => line.includes('2 dead letters were discarded (test data)'))).toBe(true);
  });

  it('knows no stream that nobody registered', async () => {
    const letters = (await world.boot([])).get(DeadLetters);
    for (const call of [letters.count('x'), letters.list('x'), letters.replay('x', []), letters.discard('x', [], '')]) {
      await expect(call).rejects.toThrow(UnknownStreamError);
    }
    await expect(letters.list(world.stream, { limit: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

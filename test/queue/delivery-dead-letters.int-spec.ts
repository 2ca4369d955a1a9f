import { Injectable } from '@nestjs/common';
import { DELIVERIES, type Message, StreamHandler, StreamPublisher } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { IsInt, Max } from 'class-validator';
import { effect, type HandlerWorld, handlerOf, useHandlerWorld } from './handler-world.js';

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

describe('an entry that is no message', () => {
  it.each<[string, (string | Buffer)[], object]>([
    [
      'another field',
      ['payload', '{"n":1}'],
      { raw: ['payload', '{"n":1}'].map((text) => Buffer.from(text).toString('base64')) },
    ],
    ['two fields', ['data', '{}', 'x', 'y'], { raw: expect.any(Array) }],
    ['no JSON', ['data', '{"n":'], { data: '{"n":' }],
    ['not a number', ['data', '{"n": NaN}'], { data: '{"n": NaN}' }],
    ['bytes that are no text', ['data', Buffer.from([0xff, 0x00, 0xfe])], { raw: ['ZGF0YQ==', '/wD+'] }],
    [
      'a key that pollutes prototypes',
      ['data', '{"__proto__":{"admin":true}}'],
      { data: '{"__proto__":{"admin":true}}' },
    ],
  ])('with %s goes to the dead letters as it is, its neighbours are handled', async (_what, fields, content) => {
    const app = await world.boot(handlerOf(options(), effect));
    await world.publish(app, 1);
    const id = await world.redis.client.xadd(world.stream, '*', ...fields);
    await world.publish(app, 2);
    await world.settled([1, 2]);
    const letters = await world.deadLetters();
    expect(letters).toEqual([expect.objectContaining({ entryId: id, reason: 'malformed', deliveries: 1, ...content })]);
  });

  it('and larger than the limit of its stream is refused before it is read', async () => {
    const app = await world.boot(handlerOf(options(), effect), {
      streams: [{ name: world.stream, maxPayloadBytes: 100 }],
    });
    await expect(app.get(StreamPublisher).publish(world.stream, { n: 1, text: 'x'.repeat(100) })).rejects.toMatchObject(
      {
        code: 'PAYLOAD_LIMIT',
      },
    );
    // what is received may have 4 KiB beside the payload
    const data = JSON.stringify({ n: 1, text: 'x'.repeat(100 + 4_096) });
    await world.redis.client.xadd(world.stream, '*', 'data', data);
    await world.publish(app, 2);
    await world.settled([2]);
    expect(await world.deadLetters()).toEqual([expect.objectContaining({ reason: 'malformed', data })]);
  });
});

describe('a payload that the handler did not declare', () => {
  class Declared {
    @IsInt()
    @Max(10)
    n!: number;
  }

  it('goes to the dead letters before a session begins', async () => {
    const runs: number[] = [];
    @Injectable()
    class Transfers {
      @StreamHandler({ ...options(), payload: Declared })
      async on(message: Message<Declared>): Promise<void> {
        expect(message.payload).toBeInstanceOf(Declared);
        runs.push(message.payload.n);
      }
    }
    const app = await world.boot(Transfers);
    await world.publish(app, 99, 1);
    expect(await deadLetterOf(99)).toMatchObject({
      reason: 'invalid',
      deliveries: 1,
      error: { code: 'PAYLOAD_INVALID', message: expect.stringContaining('n: max') },
    });
    await world.nothingPending();
    expect(runs).toEqual([1]);
  });
});

describe('dead letters that cannot be written', () => {
  it('stay pending and hold up no other message; only the write is repeated, never the handler', async () => {
    const runs: number[] = [];
    const app = await world.boot(
      handlerOf({ ...options(), maxDeliveries: 1 }, async ({ payload }: Message<{ n: number }>) => {
        runs.push(payload.n);
        throw new Error(`the reason of ${payload.n}`);
      }),
    );
    // a key of another type in its place: XADD is refused
    await world.redis.client.set(`${world.stream}:dead`, 'in the way');
    const ids = await world.publish(app, 1, 2);
    await eventually(
      () => (world.metrics.total(DELIVERIES, { stream: world.stream, group: 'g', outcome: 'deadLetter' }) ?? 0) >= 2,
      { what: 'two decisions' },
    );
    expect(await world.pending()).toEqual(ids);
    await world.redis.client.del(`${world.stream}:dead`);
    for (const [index, entryId] of ids.entries()) {
      const n = index + 1;
      const error = expect.objectContaining({ message: `the reason of ${n}` });
      expect(await deadLetterOf(n)).toMatchObject({ entryId, reason: 'max_deliveries', deliveries: 1, error });
    }
    await world.nothingPending();
    expect(await world.deadLetters()).toHaveLength(2);
    expect(runs).toEqual([1, 2]);
  });
});

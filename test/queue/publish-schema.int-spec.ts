import { Injectable } from '@nestjs/common';
import { type Message, PublishPayloadInvalidError, StreamPublisher, type StreamSchema } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { z } from 'zod';
import { HandlerWorld, handlerOf } from './handler-world.js';
import { failureOf } from './publish-world.js';

let world: HandlerWorld;
beforeAll(async () => {
  world = await HandlerWorld.open();
}, 120_000);
beforeEach(() => world.reset());
afterEach(() => world.closeApps());
afterAll(() => world.close());

const standard = z.object({ n: z.coerce.number().int(), currency: z.string().default('EUR') });
const json: StreamSchema = {
  type: 'object',
  properties: {
    n: { type: 'integer', minimum: 1 },
    currency: { type: 'string', default: 'EUR' },
    lines: { type: 'array', items: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } } },
  },
  required: ['n'],
  additionalProperties: false,
};

@Injectable()
class Nothing {}

async function publisherWith(schema: StreamSchema): Promise<StreamPublisher> {
  const app = await world.boot(Nothing, { streams: [{ name: world.stream, schema }] });
  return app.get(StreamPublisher);
}

const published = async (): Promise<unknown[]> => {
  const entries = await world.redis.client.xrange(world.stream, '-', '+');
  return entries.map(([, fields]) => JSON.parse(fields[1] as string) as unknown);
};

describe('a stream with a Standard Schema', () => {
  it('Q-6 gets what the schema makes of a payload', async () => {
    const publisher = await publisherWith(standard);
    await publisher.publish(world.stream, { n: '7' }, { id: 'm1' });
    await publisher.publishMany(world.stream, [{ payload: { n: 8, currency: 'USD' } }]);
    await publisher.publish(world.stream, { n: 9 }, { delayMs: 1 });
    await eventually(async () => (await published()).length === 3, { what: 'the delayed message' });
    expect(await published()).toEqual([
      { n: 7, currency: 'EUR', __safesync: { id: 'm1' } },
      { n: 8, currency: 'USD' },
      { n: 9, currency: 'EUR' },
    ]);
  });

  it('refuses others with the stream and the paths, never with values, and nothing of a batch is sent', async () => {
    const publisher = await publisherWith(standard);
    const error = await failureOf(publisher.publish(world.stream, { n: 'hunter2', currency: 7 }));
    expect(error).toBeInstanceOf(PublishPayloadInvalidError);
    expect(error).toMatchObject({ code: 'PUBLISH_PAYLOAD_INVALID', stream: world.stream });
    expect(error.message).toMatch(/n: invalid_type; currency: invalid_type/);
    expect(error.message).not.toContain('hunter2');
    const batch = publisher.publishMany(world.stream, [{ payload: { n: 1 } }, { payload: { n: 'x' } }]);
    await expect(batch).rejects.toMatchObject({ code: 'PUBLISH_PAYLOAD_INVALID' });
    expect(await published()).toEqual([]);
  });

  it('control: without a schema the same payload is published', async () => {
    const app = await world.boot(Nothing);
    await app.get(StreamPublisher).publish(world.stream, { n: 'hunter2', currency: 7 });
    expect(await published()).toEqual([{ n: 'hunter2', currency: 7 }]);
  });

  it('Q-6 may take what JSON cannot hold, if it makes something of it that JSON can', async () => {
    const dated = z.object({ at: z.date().transform((at) => at.toISOString()), note: z.string().default('none') });
    const publisher = await publisherWith(dated);
    await publisher.publish(world.stream, { at: new Date(0), note: undefined });
    expect(await published()).toEqual([{ at: '1970-01-01T00:00:00.000Z', note: 'none' }]);
  });

  it('control: what it leaves as it is, JSON has to hold', async () => {
    const publisher = await publisherWith(z.object({ at: z.date() }));
    const refused = publisher.publish(world.stream, { at: new Date(0) });
    await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_NOT_SERIALIZABLE' });
    expect(await published()).toEqual([]);
  });

  it('says as much of many faults, and of long keys, as an error can carry', async () => {
    const publisher = await publisherWith(z.record(z.string(), z.array(z.number())));
    const payload = { ['k'.repeat(100_000)]: Array.from({ length: 10_000 }, () => 'x') };
    const error = (await failureOf(publisher.publish(world.stream, payload))) as PublishPayloadInvalidError;
    expect(error.faults).toHaveLength(21);
    expect(error.faults[20]).toBe('and 9980 more');
    expect(error.message.length).toBeLessThan(6_000);
  });

  it('a schema that throws is a refusal with the cause', async () => {
    const broken = z.object({
      n: z.number().transform(() => {
        throw new TypeError('no');
      }),
    });
    const error = await failureOf((await publisherWith(broken)).publish(world.stream, { n: 1 }));
    expect(error).toMatchObject({ code: 'PUBLISH_PAYLOAD_INVALID', faults: ['(root): the schema itself failed'] });
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});

describe('a stream with a JSON Schema', () => {
  it('Q-6 gets defaults, in a copy: the payload stays the caller’s', async () => {
    const publisher = await publisherWith(json);
    const payload = { n: 7 };
    await publisher.publish(world.stream, payload);
    expect(payload).toEqual({ n: 7 });
    expect(await published()).toEqual([{ n: 7, currency: 'EUR' }]);
  });

  it('refuses others with the stream and the paths, never with values', async () => {
    const publisher = await publisherWith(json);
    const wrong = { n: 0.5, currency: 'EUR', lines: [{ sku: 'a' }, { price: 'hunter2' }] };
    const error = await failureOf(publisher.publish(world.stream, wrong));
    expect(error).toMatchObject({
      faults: expect.arrayContaining(['n: type', 'n: minimum', 'lines.1.sku: required']) as string[],
    });
    expect(error.message).not.toContain('hunter2');
    expect(await published()).toEqual([]);
  });

  it('names a property that should not be there, and keys as they are', async () => {
    const publisher = await publisherWith({ additionalProperties: { type: 'object', additionalProperties: false } });
    const error = await failureOf(publisher.publish(world.stream, { 'a/b~c': { extra: 'hunter2' } }));
    expect(error).toMatchObject({ faults: ['a/b~c.extra: additionalProperties'] });
  });

  it.each([[{ at: new Date(0) }], [{ n: { [Symbol('s')]: 1 } }]])(
    'makes nothing else of what JSON cannot hold: case %#',
    async (payload) => {
      const publisher = await publisherWith({ properties: { currency: { default: 'EUR' } } });
      const refused = publisher.publish(world.stream, payload);
      await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_NOT_SERIALIZABLE' });
      expect(await published()).toEqual([]);
    },
  );

  it('refuses a payload without an end before the schema reads it', async () => {
    const recursive = { $id: 'node', type: 'object', properties: { next: { $ref: 'node' } } };
    const circle: Record<string, unknown> = {};
    circle.next = circle;
    const refused = (await publisherWith(recursive)).publish(world.stream, circle);
    await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_NOT_SERIALIZABLE' });
  });
});

describe('boot refuses', () => {
  it('a JSON Schema that is none, naming the stream', async () => {
    const wrong = world.boot(Nothing, { streams: [{ name: world.stream, schema: { type: 'strin' } }] });
    await expect(wrong).rejects.toThrow(`schema of stream "${world.stream}": ajv refuses it: schema is invalid`);
  });

  it('what is no schema, and a window that is none, both at once', async () => {
    const options = { name: world.stream, schema: 'object' as unknown as StreamSchema, dedupeWindowMs: 10 };
    const error = await failureOf(world.boot(Nothing, { streams: [options] }));
    expect(error.message).toContain(`schema of stream "${world.stream}" must be a Standard Schema or a JSON Schema`);
    expect(error.message).toContain(`dedupeWindowMs of stream "${world.stream}" must be an integer from 1000`);
  });

  it('one stream with two schemas', async () => {
    const streams = [{ name: world.stream, schema: standard }, { name: world.stream }];
    await expect(world.boot(Nothing, { streams })).rejects.toThrow('is registered twice, differently');
  });
});

describe('a delayed message of an application', () => {
  it('reaches its handler, moved by the application itself, and the application ends', async () => {
    const seen: Message[] = [];
    const Handler = handlerOf({ stream: world.stream, group: world.group }, async (message) => void seen.push(message));
    const app = await world.boot(Handler);
    const publisher = app.get(StreamPublisher);
    const id = await publisher.publish(world.stream, { n: 1 }, { delayMs: 600_000 });
    await publisher.publish(world.stream, { n: 2 }, { delayMs: 20 });
    await eventually(() => seen.length === 1, { what: 'the message that is due' });
    expect(seen[0]?.payload).toEqual({ n: 2 });
    expect(await publisher.cancelDelayed(world.stream, id)).toBe(true);
    await app.close();
  });
});

import type { TestingModule } from '@nestjs/testing';
import { type DbSession, DbSessions, getDbToken, SafeSyncDbModule } from '@safesync/db';
import { Outbox, OutboxSessionError, SafeSyncOutboxModule } from '@safesync/outbox';
import { PublishPayloadInvalidError, UnknownStreamError } from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { effect, type HandlerWorld, handlerOf, upTo } from '../queue/handler-world.js';
import { createTestDatabase } from '../support/mysql.js';
import { bootWithOutbox, createOutboxTables, publishedNumbers, useOutboxWorld } from './outbox-world.js';

describe('the outbox', () => {
  let world: HandlerWorld;
  let app: TestingModule;
  let sessions: DbSessions;
  let outbox: Outbox;

  useOutboxWorld((opened) => {
    world = opened;
  });
  beforeEach(async () => {
    app = await bootWithOutbox(world, []);
    sessions = app.get(DbSessions);
    outbox = app.get(Outbox);
  });

  const published = (): Promise<number[]> => publishedNumbers(world);
  const rows = async (): Promise<number> => (await world.database.rows('SELECT id FROM safesync_outbox')).length;
  const reached = (...numbers: number[]): Promise<true> =>
    eventually(async () => (await published()).join() === numbers.join(), { what: `messages ${numbers.join()}` });

  /** What has reached Redis is marked a moment later. */
  const waitingAre = (of: Outbox, count: number): Promise<true> =>
    eventually(async () => (await of.stats()).waiting === count, { what: `${count} waiting` });

  it('publishes after the commit, in the wire format, under its id', async () => {
    const id = await sessions.run((session) =>
      outbox.publish(session, world.stream, { n: 1 }, { key: 'k', headers: { a: 'b' } }),
    );
    await reached(1);
    const [[, fields]] = (await world.redis.client.xrange(world.stream, '-', '+')) as [[string, string[]]];
    expect(fields).toEqual(['data', JSON.stringify({ n: 1, __safesync: { id, key: 'k', headers: { a: 'b' } } })]);
  });

  it('publishes nothing of a transaction that was rolled back, nor of an undone savepoint', async () => {
    const undone = sessions.run(async (session) => {
      await outbox.publish(session, world.stream, { n: 1 });
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    await sessions.run(async (session) => {
      const inner = session.savepoint(async () => {
        await outbox.publish(session, world.stream, { n: 2 });
        throw new Error('not this');
      });
      await expect(inner).rejects.toThrow('not this');
      await outbox.publish(session, world.stream, { n: 3 });
    });
    await reached(3);
    expect(await rows()).toBe(1);
  });

  /** INSERT statements of the session's connection so far, as the server counts them. */
  const inserts = async (session: DbSession): Promise<number> => {
    const row = await session.fetchOne<{ Value: string }>("SHOW SESSION STATUS LIKE 'Com_insert'");
    return Number(row?.Value);
  };

  it('publishes many in their order, with one statement', async () => {
    await sessions.run(async (session) => {
      const before = await inserts(session);
      await outbox.publishMany(
        session,
        world.stream,
        upTo(100).map((n) => ({ payload: { n }, key: 'k' })),
      );
      expect((await inserts(session)) - before).toBe(1);
    });
    await reached(...upTo(100));
  });

  describe('while nobody looks into the table', () => {
    const never = 2_000_000_000;

    it('publishes what is committed after the relay has looked', async () => {
      await world.closeApps();
      const own = await bootWithOutbox(world, [], { outbox: { relay: { pollMs: never } } });
      const publish = (n: number, before: () => Promise<unknown>): Promise<void> =>
        own.get(DbSessions).run(
          async (session) => {
            await own.get(Outbox).publish(session, world.stream, { n });
            await before();
          },
          { independent: true },
        );
      // the relay has its turn while the first is open
      await publish(1, async () => {
        await publish(2, async () => undefined);
        await reached(2);
        await publish(3, async () => undefined);
        await reached(2, 3);
      });
      await reached(2, 3, 1);
    });

    it('publishes what this process commits, and control: not what another one has', async () => {
      await world.closeApps();
      const own = await bootWithOutbox(world, [], { outbox: { relay: { pollMs: never } } });
      await own.get(DbSessions).run((session) => own.get(Outbox).publish(session, world.stream, { n: 1 }));
      await reached(1);
      const other = await bootWithOutbox(world, [], { outbox: { relay: false } });
      await other.get(DbSessions).run((session) => other.get(Outbox).publish(session, world.stream, { n: 2 }));
      await own.get(DbSessions).run((session) => own.get(Outbox).publish(session, world.stream, { n: 3 }));
      await reached(1, 3);
      await waitingAre(own.get(Outbox), 1);
      expect(await published()).toEqual([1, 3]);
    });
  });

  it('holds a message back until its delay is over', async () => {
    await sessions.run(async (session) => {
      await outbox.publish(session, world.stream, { n: 2 }, { delayMs: 300 });
      await outbox.publish(session, world.stream, { n: 3 }, { delayMs: 3_600_000 });
      await outbox.publish(session, world.stream, { n: 1 });
    });
    await reached(1, 2);
    await waitingAre(outbox, 0);
    expect(await outbox.stats()).toMatchObject({ waiting: 0, scheduled: 1, failed: 0, oldestAgeMs: 0 });
  });

  it.each([
    ['an unknown stream', UnknownStreamError, { stream: 'misspelt' }],
    ['a payload that JSON would lose', /PAYLOAD_NOT_SERIALIZABLE/, { payload: { at: new Date() } }],
    ['a payload that is too large', /PAYLOAD_LIMIT/, { payload: { text: 'x'.repeat(300_000) } }],
    ['a delay that is none', /OUTBOX_MESSAGE/, { options: { delayMs: 0.5 } }],
    ['a key that is none', /OUTBOX_MESSAGE/, { options: { key: 7 as unknown as string } }],
    ['an id that is too long', /OUTBOX_MESSAGE/, { options: { id: 'x'.repeat(256) } }],
    ['headers that are none', /OUTBOX_MESSAGE/, { options: { headers: { a: 1 } as never } }],
  ])('refuses %s before anything is sent', async (_what, expected, { stream, payload, options }: Given) => {
    await sessions.run(async (session) => {
      const before = await inserts(session);
      const publish = outbox.publish(session, stream ?? world.stream, payload ?? { n: 1 }, options);
      const error = (await publish.catch((thrown: unknown) => thrown)) as { code: string };
      if (expected instanceof RegExp) expect(error.code).toMatch(expected);
      else expect(error).toBeInstanceOf(expected);
      expect(await inserts(session)).toBe(before);
    });
  });

  it('publishes what the schema of its stream makes of a payload, and refuses what it refuses', async () => {
    await world.closeApps();
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' }, at: true, currency: { default: 'EUR' } },
      required: ['n'],
      additionalProperties: false,
    };
    const strict = await bootWithOutbox(world, [], { streams: [{ name: world.stream, schema }] });
    await strict.get(DbSessions).run(async (session) => {
      const wrong = strict.get(Outbox).publish(session, world.stream, { n: 'one' });
      await expect(wrong).rejects.toThrow(PublishPayloadInvalidError);
      const dated = strict.get(Outbox).publish(session, world.stream, { n: 1, at: new Date(0) });
      await expect(dated).rejects.toMatchObject({ code: 'PAYLOAD_NOT_SERIALIZABLE' });
      await strict.get(Outbox).publish(session, world.stream, { n: 1 });
    });
    await reached(1);
  });

  it('refuses what is no session, with the remedy, and one that has ended', async () => {
    const nothing = outbox.publish(undefined as never, world.stream, { n: 1 });
    await expect(nothing).rejects.toThrow(OutboxSessionError);
    await expect(nothing).rejects.toThrow(/Pass the session of sessions\.run\(\)/);
    const ended = await sessions.run(async (session) => session);
    await expect(outbox.publish(ended, world.stream, { n: 1 })).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect(await rows()).toBe(0);
  });

  it('says which table is missing', async () => {
    await world.database.pool.query('RENAME TABLE safesync_outbox TO aside');
    try {
      const publish = sessions.run((session) => outbox.publish(session, world.stream, { n: 1 }));
      await expect(publish).rejects.toMatchObject({ code: 'SCHEMA_MISSING' });
    } finally {
      await world.database.pool.query('RENAME TABLE aside TO safesync_outbox');
    }
  });

  it('publishes what a handler publishes after its commit, once, however often it was tried', async () => {
    const other = world.redis.key('other');
    await world.closeApps();
    let failures = 2;
    const handler = handlerOf(
      { stream: world.stream, group: 'g', retry: { baseMs: 1, maxMs: 2 } },
      async (message, session) => {
        await effect(message, session);
        await handlerOutbox().publish(session, other, { n: message.payload.n });
        if (failures-- > 0) throw new Error('not yet');
      },
    );
    const handling = await bootWithOutbox(world, handler, { streams: [{ name: world.stream }, { name: other }] });
    const handlerOutbox = (): Outbox => handling.get(Outbox);
    await world.publish(handling, 5);
    await world.settled([5]);
    await eventually(async () => (await world.redis.client.xlen(other)) === 1, { what: 'the message of the handler' });
    expect(await rows()).toBe(1);
  });

  it('writes to the database of its name, and to no other', async () => {
    await world.closeApps();
    const ledger = await createTestDatabase();
    try {
      await createOutboxTables(ledger);
      const both = await bootWithOutbox(world, [], {
        imports: [
          SafeSyncDbModule.forRoot({ name: 'ledger', connection: { url: ledger.url } }),
          SafeSyncOutboxModule.forRoot({ name: 'ledger' }),
        ],
      });
      const named: Outbox = both.get(getDbToken(Outbox, 'ledger'));
      const ledgers: DbSessions = both.get(getDbToken(DbSessions, 'ledger'));
      await ledgers.run(async (session) => {
        await expect(both.get(Outbox).publish(session, world.stream, { n: 1 })).rejects.toThrow(/another database/);
        await named.publish(session, world.stream, { n: 2 });
      });
      await reached(2);
      expect(await rows()).toBe(0);
    } finally {
      await world.closeApps();
      await ledger.drop();
    }
  });
});

interface Given {
  readonly stream?: string;
  readonly payload?: object;
  readonly options?: {
    readonly key?: string;
    readonly delayMs?: number;
    readonly id?: string;
    readonly headers?: never;
  };
}

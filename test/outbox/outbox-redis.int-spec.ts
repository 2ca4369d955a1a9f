import type { TestingModule } from '@nestjs/testing';
import { DbSessions } from '@safesync/db';
import { OUTBOX_FAILURES, OUTBOX_PUBLISHED, OUTBOX_REPUBLISHED, Outbox } from '@safesync/outbox';
import type { QueueConnectionOptions } from '@safesync/queue';
import { eventually, type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { Redis } from 'ioredis';
import { type HandlerWorld, upTo } from '../queue/handler-world.js';
import { bootWithOutbox, useOutboxWorld } from './outbox-world.js';

let world: HandlerWorld;

useOutboxWorld((opened) => {
  world = opened;
});

type Connection = string | QueueConnectionOptions;

const boot = (connection: Connection, retryMs = 100): Promise<TestingModule> =>
  bootWithOutbox(world, [], {
    queue: { connections: typeof connection === 'string' ? connection : [connection] },
    outbox: { relay: { pollMs: 50, publishTimeoutMs: 2_000, retry: { baseMs: retryMs, maxMs: retryMs } } },
  });

const publish = (app: TestingModule, ...numbers: readonly number[]): Promise<unknown> =>
  app.get(DbSessions).run((session) =>
    app.get(Outbox).publishMany(
      session,
      world.stream,
      numbers.map((n) => ({ payload: { n }, key: 'k' })),
    ),
  );

const numbersIn = async (redis: Redis): Promise<number[]> => {
  const entries = await redis.xrange(world.stream, '-', '+');
  return entries.map(([, fields]) => (JSON.parse(fields[1] as string) as { n: number }).n);
};
const waiting = async (): Promise<number> =>
  (await world.database.rows('SELECT id FROM safesync_outbox WHERE state = 0')).length;
const nothingWaits = (): Promise<true> =>
  eventually(async () => (await waiting()) === 0, { what: 'nothing waits', withinMs: 30_000 });
const republished = (): number => world.metrics.total(OUTBOX_REPUBLISHED, { stream: world.stream }) ?? 0;

describe('a Redis that fails', () => {
  let servers: Servers;
  let server: ManagedServer;
  let admin: Redis;

  beforeAll(async () => {
    servers = await startServers({ mysql: false, fresh: true, useEnvironment: false });
    server = servers.redis as ManagedServer;
    admin = new Redis(server.url, { protocol: 2 });
    admin.on('error', () => undefined);
  }, 120_000);
  afterAll(async () => {
    admin.disconnect();
    await servers.stop();
  });

  it('keeps nobody from committing, and gets everything when it is back', async () => {
    const app = await boot(server.url);
    await server.kill();
    await publish(app, 1, 2);
    await publish(app, 3);
    // nothing is claimed in vain
    expect(await world.database.rows('SELECT id FROM safesync_outbox WHERE attempts > 0')).toEqual([]);
    await server.start();
    await nothingWaits();
    expect(await numbersIn(admin)).toEqual([1, 2, 3]);
  });

  it('is asked again, later and later, while it refuses, and is told of', async () => {
    const app = await boot(server.url);
    await admin.config('SET', 'maxmemory', '1');
    try {
      await publish(app, ...upTo(5));
      await eventually(() => (world.metrics.total(OUTBOX_FAILURES, { stream: world.stream, code: 'OOM' }) ?? 0) >= 2, {
        what: 'two refusals',
      });
      const failures = await app.get(Outbox).failures();
      // the four behind it were not sent, so nothing can be said of them
      expect(failures.map(({ lastError }) => lastError)).toEqual(['OOM']);
      expect(await app.get(Outbox).stats()).toMatchObject({ waiting: 5, failed: 1 });
      expect(world.log.join('\n')).toMatch(/cannot be published, repeating \(OOM\)/);
    } finally {
      await admin.config('SET', 'maxmemory', '0');
    }
    await nothingWaits();
    expect(await numbersIn(admin)).toEqual(upTo(5));
    expect(await app.get(Outbox).failures()).toEqual([]);
  });

  it('gets again what a restart has cost it', async () => {
    const app = await boot(server.url);
    await publish(app, ...upTo(10));
    await nothingWaits();
    await admin.flushall();
    await server.kill();
    await server.start();
    await eventually(() => republished() === 10, { what: 'the messages are published again' });
    await nothingWaits();
    expect(await numbersIn(admin)).toEqual(upTo(10));
  });

  /** Of ten published messages six are trimmed: they do not come again over a new connection, nor after a start of the application. */
  const trimmedStaysAway = async (app: TestingModule): Promise<void> => {
    const before = republished();
    await admin.xtrim(world.stream, 'MAXLEN', 4);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await publish(app, 10);
    await nothingWaits();
    await world.closeApps();
    const again = await boot(server.url);
    await publish(again, 11);
    await nothingWaits();
    expect(await numbersIn(admin)).toEqual([6, 7, 8, 9, 10, 11]);
    expect(republished()).toBe(before);
  };

  it('control: does not get again what was only trimmed, whatever becomes of the connection', async () => {
    const app = await boot(server.url);
    await publish(app, ...upTo(10));
    await nothingWaits();
    await trimmedStaysAway(app);
  });

  it('does not get again what it had after a restart and trimmed since', async () => {
    const marks = async (): Promise<string[]> =>
      (await world.database.rows<{ server: string }>('SELECT DISTINCT HEX(server) AS server FROM safesync_outbox')).map(
        (row) => row.server,
      );
    const app = await boot(server.url);
    await publish(app, ...upTo(10));
    await nothingWaits();
    const [first] = await marks();
    await server.kill();
    await server.start();
    await eventually(async () => (await marks()).join() !== first, { what: 'it was asked for all of them' });
    await trimmedStaysAway(app);
  });

  it('gets each message once from an application that starts twenty times', async () => {
    for (const n of upTo(20)) {
      const app = await boot(server.url);
      await publish(app, n);
      // some leave before the end, some are left for the next start
      if (n % 2 === 0) await nothingWaits();
      await world.closeApps();
    }
    await boot(server.url);
    await nothingWaits();
    expect(await numbersIn(admin)).toEqual(upTo(20));
  }, 60_000);

  it('counts what it got', async () => {
    const before = world.metrics.total(OUTBOX_PUBLISHED, { stream: world.stream }) ?? 0;
    await publish(await boot(server.url), 1, 2, 3);
    await eventually(() => (world.metrics.total(OUTBOX_PUBLISHED, { stream: world.stream }) ?? 0) - before === 3, {
      what: 'three published',
    });
  });
});

import {
  PublishOutcomeUnknownError,
  RedisClosedError,
  RedisConnection,
  type RedisConnectionEvent,
  RedisConnectionLostError,
  RedisReplyError,
  RedisStream,
  RedisUnavailableError,
  StreamPublisher,
} from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { CLOSE, FakeRedis } from './stream-fake-redis.js';

const opened: { close(): void }[] = [];
const fakes: FakeRedis[] = [];
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

async function fakeRedis(react: Parameters<typeof FakeRedis.start>[0], port?: number): Promise<FakeRedis> {
  const fake = await FakeRedis.start(react, port);
  fakes.push(fake);
  return fake;
}

function connect(...args: ConstructorParameters<typeof RedisConnection>): RedisConnection {
  const connection = new RedisConnection(...args);
  opened.push(connection);
  return connection;
}

async function errorOf(work: Promise<unknown>): Promise<Error & { code?: string }> {
  return work.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: Error) => error,
  );
}

describe('a command that is not answered', () => {
  // both values of the option misbehave by themselves: true sends the command again, false never settles it
  it.each([true, false])(
    'settles by its deadline and is never sent again (autoResendUnfulfilledCommands: %s)',
    async (resend) => {
      const fake = await fakeRedis((command) => (command === 'ping' ? '+PONG\r\n' : undefined));
      const options = {
        host: '127.0.0.1',
        port: fake.port,
        autoResendUnfulfilledCommands: resend,
        maxRetriesPerRequest: null,
      };
      const connection = connect(options);
      await connection.ping();
      const publisher = new StreamPublisher(connection, { timeoutMs: 150 });
      const error = await errorOf(publisher.publish('s', { a: 1 }));
      expect(error).toBeInstanceOf(PublishOutcomeUnknownError);
      expect(error.cause).toBeInstanceOf(RedisConnectionLostError);
      // the socket was replaced, and what comes first on the new one is a command of ours, not the XADD
      await connection.ping();
      expect(fake.connections).toBe(2);
      expect(fake.received.map(({ command }) => command)).toEqual(['ping', 'xadd', 'ping']);
    },
  );

  it.each([true, false])(
    'fails at once when the socket closes, with all others in flight (resend: %s)',
    async (resend) => {
      const fake = await fakeRedis((command) => (command === 'get' ? CLOSE : undefined));
      const connection = connect(
        { host: '127.0.0.1', port: fake.port, autoResendUnfulfilledCommands: resend },
        { commandTimeoutMs: 600_000 },
      );
      const names = ['set', 'xadd', 'get'];
      const errors = await Promise.all(names.map((name) => errorOf(connection.command(name, ['k']))));
      for (const error of errors) expect(error).toBeInstanceOf(RedisConnectionLostError);
      await eventually(() => fake.connections >= 2, { what: 'a new connection' });
      expect(names.map((name) => fake.count(name))).toEqual([1, 1, 1]);
    },
  );

  it('fails a whole pipeline the same way', async () => {
    const fake = await fakeRedis((command, [, , , text]) =>
      command !== 'xadd' ? undefined : text === '{"n":3}' ? CLOSE : '$3\r\n1-1\r\n',
    );
    const publisher = new StreamPublisher(connect(fake.url, { commandTimeoutMs: 600_000 }));
    const messages = [1, 2, 3, 4].map((n) => ({ payload: { n } }));
    const error = await errorOf(publisher.publishMany('s', messages));
    expect(error.code).toBe('BATCH_PUBLISH');
    const { results } = error as unknown as { results: ({ entryId: string } | { error: Error })[] };
    expect(results).toHaveLength(4);
    expect(
      results.slice(2).every((result) => 'error' in result && result.error instanceof PublishOutcomeUnknownError),
    ).toBe(true);
    expect(fake.received.length).toBeLessThanOrEqual(4);
  });

  it('honours a short deadline beside a long one', async () => {
    const fake = await fakeRedis(() => undefined);
    const connection = connect(fake.url, { commandTimeoutMs: 600_000 });
    const long = errorOf(connection.command('get', ['k']));
    await eventually(() => fake.count('get') === 1, { what: 'the long command to arrive' });
    expect(await errorOf(connection.ping(50))).toBeInstanceOf(RedisConnectionLostError);
    expect(await long).toBeInstanceOf(RedisConnectionLostError);
  });
});

describe('without a server', () => {
  it('fails within the deadline, says that nothing was sent, and connects by itself later', async () => {
    const first = await fakeRedis(() => '+PONG\r\n');
    const { port } = first;
    await first.stop();
    fakes.splice(0);
    const events: RedisConnectionEvent[] = [];
    const connection = connect(`redis://user:hunter2@127.0.0.1:${port}`, {
      commandTimeoutMs: 500,
      observer: (event) => events.push(event),
    });
    const error = await errorOf(new StreamPublisher(connection).publish('s', { a: 1 }));
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(events[0]).toEqual({ kind: 'connecting', to: `127.0.0.1:${port}`, purpose: 'commands', attempt: 1 });
    expect(events[1]).toMatchObject({
      kind: 'failed',
      attempt: 1,
      reason: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(JSON.stringify(events) + error.stack).not.toContain('hunter2');
    const fake = await fakeRedis(() => '+PONG\r\n', port);
    await connection.ping(10_000);
    expect(fake.received.map(({ command }) => command)).toEqual(['ping']);
    expect(connection.isReady).toBe(true);
  });

  it('lets only so many commands wait', async () => {
    const fake = await fakeRedis(() => undefined);
    fake.reactWith((command) => (command === 'info' ? CLOSE : undefined));
    const connection = connect(fake.url, { commandTimeoutMs: 150, maxWaiting: 2 });
    const errors = await Promise.all([1, 2, 3].map(() => errorOf(connection.ping())));
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringContaining('within 150 ms'),
      expect.stringContaining('within 150 ms'),
      expect.stringContaining('2 commands wait for a connection'),
    ]);
  });

  it('gives up on a server that accepts but never greets, and tries again', async () => {
    const fake = await fakeRedis((command, _args, n) => (command === 'ping' ? '+PONG\r\n' : n === 1 ? '' : undefined));
    const events: RedisConnectionEvent[] = [];
    const connection = connect(fake.url, { connectTimeoutMs: 500, observer: (event) => events.push(event) });
    await connection.ping();
    expect(events.map(({ kind }) => kind)).toEqual(['connecting', 'failed', 'connecting', 'ready']);
    expect(events[1]).toMatchObject({ reason: 'not connected within 500 ms' });
  });

  it('rejects everything once closed', async () => {
    const fake = await fakeRedis(() => undefined);
    const connection = connect(fake.url, { commandTimeoutMs: 600_000 });
    const inFlight = errorOf(connection.ping());
    await eventually(() => fake.count('ping') === 1, { what: 'the command to arrive' });
    connection.close();
    expect(await inFlight).toBeInstanceOf(RedisConnectionLostError);
    expect(await errorOf(connection.ping())).toBeInstanceOf(RedisClosedError);
  });

  it('can be closed while it connects', async () => {
    const fake = await fakeRedis((command) => (command === 'info' ? '' : undefined));
    const connection = connect(fake.url);
    const waiting = errorOf(connection.ping());
    await eventually(() => fake.connections === 1, { what: 'the connection' });
    connection.close();
    expect(await waiting).toBeInstanceOf(RedisClosedError);
  });
});

describe('refusals of the server', () => {
  it('carry the code and a remedy, never what was sent', async () => {
    const answer =
      "-ERR unknown command 'xadd', with args beginning with: 's' '*' 'data' '{\"secret\":\"hunter2\"}' \r\n";
    const fake = await fakeRedis((command) => (command === 'xadd' ? answer : undefined));
    const error = await errorOf(new StreamPublisher(connect(fake.url)).publish('s', { secret: 'hunter2' }));
    expect(error).toMatchObject({ code: 'REDIS_REPLY', replyCode: 'ERR' });
    expect(everything(error)).not.toContain('hunter2');
  });

  it('of the password stay free of the password', async () => {
    const fake = await fakeRedis((command) =>
      command === 'auth' ? '-WRONGPASS invalid username-password pair\r\n' : undefined,
    );
    const events: RedisConnectionEvent[] = [];
    const connection = connect(fake.url.replace('//', '//user:hunter2@'), {
      commandTimeoutMs: 500,
      observer: (event) => events.push(event),
    });
    const error = await errorOf(connection.ping());
    expect(events.find(({ kind }) => kind === 'failed')).toMatchObject({
      reason: expect.stringContaining('WRONGPASS') as string,
    });
    expect(everything(error) + JSON.stringify(events)).not.toContain('hunter2');
  });

  it('tell a full server from other trouble', async () => {
    const full = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    const fake = await fakeRedis((command) => (command === 'xadd' ? full : undefined));
    const error = await errorOf(new StreamPublisher(connect(fake.url)).publish('s', {}));
    expect(error).toMatchObject({ replyCode: 'OOM', message: expect.stringContaining('maxmemory') as string });
  });

  it('of a replica make it look for the primary again', async () => {
    const answers = ['-READONLY You can not write against a read only replica.\r\n', '$3\r\n1-1\r\n'];
    const fake = await fakeRedis((command, _args, n) => (command === 'xadd' ? answers[n - 1] : undefined));
    const publisher = new StreamPublisher(connect(fake.url));
    expect(await errorOf(publisher.publish('s', {}))).toBeInstanceOf(RedisReplyError);
    expect(await publisher.publish('s', {})).toBe('1-1');
    expect(fake.connections).toBe(2);
  });

  it('of an impossible shape replace the socket', async () => {
    const fake = await fakeRedis((command, _args, n) =>
      command === 'xadd' ? [':7\r\n', '$3\r\n1-1\r\n'][n - 1] : undefined,
    );
    const publisher = new StreamPublisher(connect(fake.url));
    expect(await errorOf(publisher.publish('s', {}))).toBeInstanceOf(PublishOutcomeUnknownError);
    expect(await publisher.publish('s', {})).toBe('1-1');
    expect(fake.connections).toBe(2);
  });
});

describe('scripts', () => {
  it('are sent by digest, and in full only to a server that does not know them', async () => {
    const fake = await fakeRedis((command) =>
      command === 'evalsha' ? '-NOSCRIPT No matching script.\r\n' : '*1\r\n:1\r\n',
    );
    const stream = new RedisStream(connect(fake.url), { stream: 's', group: 'g', consumer: 'c' });
    expect(await stream.ack([{ id: '1-1', deliveryCount: 1 }])).toEqual(['done']);
    expect(fake.received.map(({ command }) => command)).toEqual(['evalsha', 'eval']);
    fake.reactWith(() => '*1\r\n:0\r\n');
    expect(await stream.ack([{ id: '1-1', deliveryCount: 1 }])).toEqual(['notPending']);
    expect(fake.count('eval')).toBe(1);
  });
});

function everything(error: Error): string {
  const own = Object.getOwnPropertyNames(error).map((name) =>
    String((error as unknown as Record<string, unknown>)[name]),
  );
  return `${own.join(' ')} ${error.cause instanceof Error ? everything(error.cause) : String(error.cause)}`;
}

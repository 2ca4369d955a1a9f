import { appendChains, missingEntries, RedisConnection, serverIdentity } from '@safesync/queue';
import { type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { Redis } from 'ioredis';

describe('chains of entries', () => {
  let servers: Servers;
  let server: ManagedServer;
  let admin: Redis;
  let connection: RedisConnection;

  beforeAll(async () => {
    servers = await startServers({ mysql: false, fresh: true, useEnvironment: false });
    server = servers.redis as ManagedServer;
    admin = new Redis(server.url, { protocol: 2 });
    admin.on('error', () => undefined);
    connection = new RedisConnection(server.url);
  }, 120_000);
  beforeEach(() => admin.flushall());
  afterAll(async () => {
    connection.close();
    admin.disconnect();
    await servers.stop();
  });

  const data = async (): Promise<string[]> =>
    (await admin.xrange('s', '-', '+')).map(([, fields]) => fields[1] as string);

  it('are appended in one write, in order, also by a server that does not know the script yet', async () => {
    for (const _ of [1, 2]) {
      const results = await appendChains(connection, 's', [['a'], ['b', 'c', 'd'], ['e']]);
      expect(results.map((chain) => chain.length)).toEqual([1, 3, 1]);
      expect(results.flat().every((result) => 'entryId' in result)).toBe(true);
    }
    const stored = await data();
    expect(stored.filter((text) => 'bcd'.includes(text))).toEqual(['b', 'c', 'd', 'b', 'c', 'd']);
    expect(stored.toSorted().join('')).toBe('aabbccddee');
  });

  it('end at the first entry that is refused; other chains do not', async () => {
    await admin.config('SET', 'maxmemory', '1');
    const results = await appendChains(connection, 's', [['a', 'b'], ['c']]);
    await admin.config('SET', 'maxmemory', '0');
    expect(results).toMatchObject([
      [{ error: { code: 'REDIS_REPLY', replyCode: 'OOM' } }, { error: { code: 'REDIS_UNAVAILABLE' } }],
      [{ error: { code: 'REDIS_REPLY', replyCode: 'OOM' } }],
    ]);
    expect(await data()).toEqual([]);
  });

  it('say where a chain was refused after its first entry', async () => {
    // the last id there can be is one behind this one
    await admin.xadd('s', '18446744073709551615-18446744073709551614', 'data', 'x');
    const [results] = await appendChains(connection, 's', [['a', 'b', 'c']]);
    expect(results).toMatchObject([
      { entryId: '18446744073709551615-18446744073709551615' },
      { error: { code: 'REDIS_REPLY', replyCode: 'ERR' } },
      { error: { code: 'REDIS_UNAVAILABLE' } },
    ]);
    expect(await data()).toEqual(['x', 'a']);
  });

  it('do not know what became of entries whose answer was lost', async () => {
    await appendChains(connection, 's', [['a', 'b']]);
    await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    const results = await appendChains(connection, 's', [['a', 'b'], ['c']], 50);
    await admin.call('CLIENT', 'UNPAUSE');
    expect(results.flat()).toMatchObject(
      Array.from({ length: 3 }, () => ({ error: { code: 'PUBLISH_OUTCOME_UNKNOWN' } })),
    );
  });

  it('leave entries of which it can be said which are missing', async () => {
    const [[first], [second]] = (await appendChains(connection, 's', [['a'], ['b']])) as { entryId: string }[][] as [
      [{ entryId: string }],
      [{ entryId: string }],
    ];
    await admin.xdel('s', first.entryId);
    expect(await missingEntries(connection, 's', [first.entryId, second.entryId])).toEqual([first.entryId]);
    expect(await missingEntries(connection, 'nothing', [second.entryId])).toEqual([second.entryId]);
    expect(await missingEntries(connection, 's', [])).toEqual([]);
  });

  it('come from a server that has a name, until it is another one', async () => {
    const before = await serverIdentity(connection);
    expect(before).toMatch(/^\w+:\w+$/);
    expect(await serverIdentity(connection)).toBe(before);
    const { epoch } = connection;
    await server.kill();
    await server.start();
    await connection.ping(20_000);
    expect(connection.epoch).toBeGreaterThan(epoch);
    expect(await serverIdentity(connection)).not.toBe(before);
    // what a user without the right to ask gets
    await admin.call('ACL', 'SETUSER', 'default', '-info');
    expect(await serverIdentity(connection)).toBeUndefined();
    await admin.call('ACL', 'SETUSER', 'default', '+info');
  });
});

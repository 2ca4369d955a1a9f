import { StreamPublisher } from '@safesync/queue';
import { eventually, type ManagedServer, type Servers, startServers } from '@safesync/testing';
import { Redis } from 'ioredis';
import { effect, HandlerWorld, handlerOf } from './handler-world.js';
import { FakeRedis } from './stream-fake-redis.js';

let world: HandlerWorld;
let servers: Servers;
let server: ManagedServer;
let admin: Redis;

beforeAll(async () => {
  world = await HandlerWorld.open();
  servers = await startServers({ mysql: false, fresh: true, useEnvironment: false });
  server = servers.redis as ManagedServer;
  admin = new Redis(server.url, { protocol: 2 });
  admin.on('error', () => undefined);
}, 120_000);
beforeEach(() => world.reset());
afterEach(() => world.closeApps());
afterAll(async () => {
  await world?.close();
  admin?.disconnect();
  await servers?.stop();
});

const boot = (redis: string = server.url) =>
  world.boot(handlerOf({ stream: 's', group: 'g' }, effect), {
    queue: { connections: redis },
    streams: [{ name: 's' }],
  });
const warnings = () => world.log.filter((line) => line.includes('maxmemory-policy'));
const setPolicy = (policy: string) => admin.config('SET', 'maxmemory-policy', policy);
const killAll = () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

let ownCalls = 0;
/** How often others have asked for INFO: each of an application's two sockets when it connects, then who wants the policy. */
async function infoCalls(count = 'calls'): Promise<number> {
  const stats = await admin.info('commandstats');
  const calls = Number(new RegExp(`cmdstat_info:.*\\b${count}=(\\d+)`).exec(stats)?.[1] ?? 0);
  return count === 'calls' ? calls - ownCalls++ : calls;
}
const asked = async (before: number, count?: string) =>
  eventually(async () => (await infoCalls(count)) - before >= 3, { what: 'the policy to be asked for' });

describe('R21 a server that may evict whole streams', () => {
  it('is named at the boot, once, with its policy, the danger and the remedy', async () => {
    await setPolicy('allkeys-lru');
    const app = await boot();
    await eventually(() => warnings().length > 0, { what: 'the warning' });
    // whatever is asked on a new socket is answered before what is published on it
    await killAll();
    await eventually(() => app.get(StreamPublisher).publish('s', { n: 1 }), { what: 'a new socket' });
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^Redis "default" at 127\.0\.0\.1:\d+ has maxmemory-policy allkeys-lru: .* deletes whole streams.* Set maxmemory-policy noeviction\.$/,
      ),
    ]);
  });

  it.each(['noeviction', 'volatile-lru', 'volatile-ttl'])('control: nothing is said of %s', async (policy) => {
    await setPolicy(policy);
    const before = await infoCalls();
    await boot();
    await asked(before);
    expect(warnings()).toEqual([]);
  });

  it('is warned of when it comes later, behind another socket', async () => {
    await setPolicy('noeviction');
    const before = await infoCalls();
    const app = await boot();
    await asked(before);
    await setPolicy('allkeys-random');
    await killAll();
    await eventually(() => app.get(StreamPublisher).publish('s', { n: 1 }), { what: 'a new socket' });
    await eventually(() => warnings().length === 1, { what: 'the warning' });
  });

  it('that does not tell is passed over silently: without the right to INFO', async () => {
    await setPolicy('allkeys-lru');
    await admin.acl('SETUSER', 'mute', 'on', '>pw', '~*', '+@all', '-info');
    jest.spyOn(console, 'warn').mockImplementation(); // ioredis says that it has no right to INFO either
    const before = await infoCalls('rejected_calls');
    await boot(server.url.replace('redis://', 'redis://mute:pw@'));
    await asked(before, 'rejected_calls');
    await world.closeApps();
    expect(world.log.filter((line) => /maxmemory|INFO|NOPERM/i.test(line))).toEqual([]);
  });

  it('that does not tell is passed over silently: where INFO names no policy', async () => {
    const fake = await FakeRedis.start((command) =>
      command === 'xadd' ? '$3\r\n1-1\r\n' : command === 'evalsha' ? '*2\r\n:0\r\n:-1\r\n' : undefined,
    );
    const app = await world.boot([], { queue: { connections: fake.url }, streams: [{ name: 's' }] });
    // answered behind INFO, which was sent as soon as there was a socket
    expect(await app.get(StreamPublisher).publish('s', { n: 1 })).toBe('1-1');
    await world.closeApps();
    await fake.stop();
    expect(warnings()).toEqual([]);
  });
});

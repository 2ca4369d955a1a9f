import { Redis } from 'ioredis';
import { Backlog, GROUP } from './backlog.js';

describe('backlog of a stream', () => {
  const stream = `bench:backlog:${process.pid}`;
  let redis: Redis;
  let backlog: Backlog;

  beforeAll(() => {
    redis = new Redis(process.env.REDIS_URL as string, { protocol: 2 });
    backlog = new Backlog(redis, stream);
  });

  beforeEach(async () => {
    await backlog.reset();
    await backlog.publish(30);
  });

  afterAll(async () => {
    await redis.del(stream, `${stream}:alive:${GROUP}`);
    redis.disconnect();
  });

  const read = async (count: number): Promise<string[]> => {
    const reply = await redis.xreadgroup('GROUP', GROUP, 'worker', 'COUNT', count, 'STREAMS', stream, '>');
    const [[, entries]] = reply as [[string, [string, string[]][]]];
    return entries.map(([id]) => id);
  };

  it('counts as acknowledged what was read and is not pending: neither what waits nor what others hold', async () => {
    await backlog.holdByOthers(20);
    expect(await backlog.acknowledged()).toBe(0);
    const ids = await read(3);
    await redis.xack(stream, GROUP, ids[0] as string, ids[1] as string);
    expect(await backlog.acknowledged()).toBe(2);
  });

  it('has others that are alive, and one that can be dead', async () => {
    await backlog.hold('killed', 5);
    const alive = `${stream}:alive:${GROUP}`;
    expect(Number(await redis.zscore(alive, 'killed'))).toBeGreaterThan(Date.now());
    await backlog.expire('killed');
    expect(Number(await redis.zscore(alive, 'killed'))).toBeLessThan(Date.now());
  });
});

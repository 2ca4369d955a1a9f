import { RedisFailover } from '@safesync/testing';
import { Redis } from 'ioredis';

describe('RedisFailover', () => {
  it('promotes a replica that has what was written before the cut, and nothing since', async () => {
    const failover = await RedisFailover.start();
    const client = new Redis({
      ...failover.input,
      protocol: 2,
      sentinelRetryStrategy: () => 50,
      retryStrategy: () => 50,
    });
    client.on('error', () => undefined);
    try {
      await client.set('before', 1);
      expect(await client.wait(1, 10_000)).toBe(1);
      failover.cutReplication();
      // confirmed by the primary, as all writes are
      expect(await client.set('after', 1)).toBe('OK');
      await failover.failOver();
      const survivor = new Redis(failover.replica.url, { protocol: 2 });
      expect(await survivor.mget('before', 'after')).toEqual(['1', null]);
      survivor.disconnect();
      // and the client is led to it
      expect(await client.get('before')).toBe('1');
    } finally {
      client.disconnect();
      await failover.stop();
    }
  });
});

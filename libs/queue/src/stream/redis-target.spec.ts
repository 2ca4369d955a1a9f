import { InvalidOptionsError } from '@safesync/core';
import { Redis } from 'ioredis';
import { type RedisTarget, redisTarget } from './redis-target.js';

describe('what is refused before anything is opened', () => {
  const client = new Redis({ lazyConnect: true, keyPrefix: 'p:' });

  it.each([
    ['keyPrefix in options', { keyPrefix: 'p:' }, 'keyPrefix cannot be used'],
    ['keyPrefix of a client', client, 'keyPrefix cannot be used'],
    [
      'keyPrefix of a cluster',
      { nodes: [{ host: 'h', port: 1 }], options: { redisOptions: { keyPrefix: 'p' } } },
      'keyPrefix',
    ],
    ['a cluster without nodes', { nodes: [] }, 'at least one node'],
    ['another scheme', 'http://user:hunter2@host', 'redis:// or rediss://'],
    ['no URL at all', 'user:hunter2@host', 'redis:// or rediss://'],
  ])('%s', (_name, input, fault) => {
    const attempt = (): RedisTarget => redisTarget(input);
    expect(attempt).toThrow(InvalidOptionsError);
    expect(attempt).toThrow(fault);
    expect(attempt).not.toThrow('hunter2');
  });
});

import { InvalidOptionsError } from '@safesync/core';
import { parseDatabaseUrl } from './database-url.js';

describe('database URL', () => {
  it('is taken apart, and shown without its password', () => {
    expect(parseDatabaseUrl('mysql://app:can%40ry@db.local:3307/bank')).toEqual({
      connection: { host: 'db.local', port: 3307, user: 'app', password: 'can@ry', database: 'bank' },
      shown: 'app@db.local:3307/bank',
    });
  });

  it('has a port by default, and may hold an address of version 6', () => {
    expect(parseDatabaseUrl('mysql://root@[::1]/bank')).toEqual({
      connection: { host: '::1', port: 3306, user: 'root', password: '', database: 'bank' },
      shown: 'root@[::1]:3306/bank',
    });
  });

  it.each([
    ['is missing', undefined, /neither --url nor MYSQL_URL/],
    ['is empty', '', /neither --url nor MYSQL_URL/],
    ['is no URL', 'canary', /not of the form/],
    ['has another scheme', 'postgres://app:canary@db/bank', /does not start with mysql:/],
    ['names no database', 'mysql://app:canary@db', /names no database/],
    ['ends where the database should be', 'mysql://app:canary@db/', /names no database/],
    ['names no user', 'mysql://db/bank', /names no user/],
    ['names no host', 'mysql:///bank', /names no host/],
    ['has parameters', 'mysql://app:canary@db/bank?ssl=true', /takes no parameters/],
    ['has a slash in its password', 'mysql://app:12/canary@db/bank', /%2F/],
    ['has a number sign in its password', 'mysql://app:12#canary@db/bank', /%23/],
    ['has a broken escape', 'mysql://app:canary%zz@db/bank', /percent-encode/],
  ])('is refused without being repeated when it %s', (_what, text, reason) => {
    const refusal = (): unknown => parseDatabaseUrl(text);
    expect(refusal).toThrow(InvalidOptionsError);
    expect(refusal).toThrow(reason);
    expect(refusal).not.toThrow(/canary/);
  });
});

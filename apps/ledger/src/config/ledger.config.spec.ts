import { readLedgerConfig } from './ledger.config.js';

const URLS = { MYSQL_URL: 'mysql://root@127.0.0.1:3306/ledger', REDIS_URL: 'redis://127.0.0.1:6379' };

describe('readLedgerConfig', () => {
  it('needs only the two URLs', () => {
    expect(readLedgerConfig(URLS)).toEqual({
      mysqlUrl: URLS.MYSQL_URL,
      redisUrl: URLS.REDIS_URL,
      role: 'both',
      port: 3000,
      poolSize: 12,
      prefix: '',
    });
  });

  it('lists everything that is wrong, each with its remedy', () => {
    const env = { MYSQL_URL: '', LEDGER_ROLE: 'boss', LEDGER_PORT: '-1' };
    expect(() => readLedgerConfig(env)).toThrow(
      [
        'The ledger cannot start:',
        '  - MYSQL_URL is not set. Set it, for example MYSQL_URL=mysql://user:password@127.0.0.1:3306/ledger.',
        '  - REDIS_URL is not set. Set it, for example REDIS_URL=redis://127.0.0.1:6379.',
        '  - LEDGER_ROLE is "boss". Use one of api, worker, both.',
        '  - LEDGER_PORT is "-1". Use a whole number from 0 to 65535.',
      ].join('\n'),
    );
  });

  it.each(['localhost:3306', 'postgres://u:secret@h/ledger', 'mysql://u:secret@h'])(
    'refuses a MYSQL_URL that cannot work, without repeating it: %s',
    (url) => {
      const attempt = (): unknown => readLedgerConfig({ ...URLS, MYSQL_URL: url });
      expect(attempt).toThrow(/MYSQL_URL/);
      expect(attempt).not.toThrow(/secret/);
    },
  );
});

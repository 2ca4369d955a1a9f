import { UsageError } from './arguments.js';
import { readDemoOptions } from './demo.options.js';

describe('demo options', () => {
  it('default to the run of the README', () => {
    expect(readDemoOptions([], {})).toEqual({
      transfers: 10_000,
      workers: 2,
      killMysql: false,
      killRedis: false,
      sabotage: undefined,
      help: false,
    });
  });

  it('are read from flags', () => {
    const args = [
      '--transfers',
      '300',
      '--workers=3',
      '--kill-mysql',
      '--kill-redis',
      '--sabotage',
      'ack-before-commit',
    ];
    expect(readDemoOptions(args, {})).toEqual({
      transfers: 300,
      workers: 3,
      killMysql: true,
      killRedis: true,
      sabotage: 'ack-before-commit',
      help: false,
    });
  });

  it.each([
    [['--transfer', '3'], /--transfer/],
    [['extra'], /extra/],
    [['--transfers', '99'], /--transfers must be a whole number from 100 to 1000000, not "99"/],
    [['--transfers', 'many'], /--transfers.*"many"/],
    [['--workers', '0'], /--workers/],
    [['--sabotage', 'no-commit'], /--sabotage knows only "ack-before-commit", not "no-commit"/],
  ])('that are wrong are named: %p', (args, message) => {
    expect(() => readDemoOptions(args, {})).toThrow(UsageError);
    expect(() => readDemoOptions(args, {})).toThrow(message);
  });

  it('refuse to kill a server that somebody else runs', () => {
    expect(() => readDemoOptions(['--kill-redis'], { REDIS_URL: 'redis://production' })).toThrow(
      '--kill-redis kills a private server only; unset REDIS_URL to have one started.',
    );
    expect(readDemoOptions(['--kill-mysql'], { REDIS_URL: 'redis://production' }).killMysql).toBe(true);
  });
});

import { parseBenchOptions } from './bench-options.js';

describe('command line of the bench', () => {
  it('leaves open what is not given, and takes what is', () => {
    expect(parseBenchOptions(['stream'])).toEqual({ name: 'stream', quick: false, json: false, strict: false });
    const given = ['stream', '--quick', '--runs', '2', '--size=10', '--cases', 'c4,c32', '--json', '--strict'];
    expect(parseBenchOptions([...given, '--contenders', 'a,b', '--profile', 'p'])).toEqual({
      name: 'stream',
      runs: 2,
      size: 10,
      cases: ['c4', 'c32'],
      contenders: ['a', 'b'],
      quick: true,
      json: true,
      strict: true,
      profileDir: 'p',
    });
  });

  it.each([
    [['--runs', '0'], '--runs takes whole numbers from 1, not "0"'],
    [['--size', 'x'], '--size takes whole numbers from 1, not "x"'],
    [['stream', 'locks'], 'One benchmark at a time, not: stream locks'],
    [['--colour'], "Unknown option '--colour'"],
  ])('%j is refused', (args, message) => {
    expect(() => parseBenchOptions(args)).toThrow(message);
  });
});

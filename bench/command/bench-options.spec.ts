import { parseBenchOptions } from './bench-options.js';

describe('command line of the bench', () => {
  it('has defaults, smaller ones for --quick, and takes what is given', () => {
    expect(parseBenchOptions(['stream'])).toMatchObject({
      name: 'stream',
      runs: 5,
      concurrency: [1, 8],
      strict: false,
    });
    expect(parseBenchOptions(['stream', '--quick'])).toMatchObject({ runs: 3, concurrency: [8], quick: true });
    const given = ['stream', '--quick', '--runs', '2', '--messages=10', '--concurrency', '4,32', '--json', '--strict'];
    expect(parseBenchOptions([...given, '--contenders', 'a,b']).contenders).toEqual(['a', 'b']);
    expect(parseBenchOptions(given)).toMatchObject({
      runs: 2,
      messages: 10,
      concurrency: [4, 32],
      json: true,
      strict: true,
    });
  });

  it.each([
    [['--runs', '0'], '--runs takes whole numbers from 1, not "0"'],
    [['--concurrency', '1,x'], '--concurrency takes whole numbers from 1, not "x"'],
    [['stream', 'locks'], 'One benchmark at a time, not: stream locks'],
    [['--colour'], "Unknown option '--colour'"],
  ])('%j is refused', (args, message) => {
    expect(() => parseBenchOptions(args)).toThrow(message);
  });
});

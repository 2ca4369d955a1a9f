import { parseFaultOptions } from './fault-options.js';

describe('options of test:faults', () => {
  it('are names and figures', () => {
    const { names, figures } = parseFaultOptions(['a,b', 'c', '--seeds', '7', '--seed', '0', '--only', 'x']);
    expect(names).toEqual(['a', 'b', 'c']);
    expect(figures).toMatchObject({ seeds: 7, seed: 0, kills: 30, only: 'x' });
  });

  it('know all', () => {
    expect(parseFaultOptions(['all'], ['a', 'b']).names).toEqual(['a', 'b']);
    expect(parseFaultOptions(['--list'])).toMatchObject({ names: [], isList: true });
  });

  it.each([
    ['--seeds', '0'],
    ['--kills', 'many'],
    ['--fault-ms', '1.5'],
    ['--sedes', '1'],
  ])('refuse %s %s', (option, value) => {
    expect(() => parseFaultOptions(['a', option, value])).toThrow(option);
  });
});

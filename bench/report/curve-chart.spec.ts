import { curveChart } from './curve-chart.js';

describe('chart of curves', () => {
  const svg = curveChart({
    name: 'memory',
    title: 'growth: memory',
    x: 'seconds',
    y: 'MB',
    ticks: [
      [0, '0'],
      [10, '10'],
    ],
    lines: [
      {
        title: 'RSS',
        points: [
          [0, 0],
          [10, 80],
        ],
      },
    ],
  });

  it('begins at zero, ends above the largest value, and places what lies between', () => {
    expect(svg).toContain('>100</text>');
    expect(svg).toContain('d="M70.0 252.0L860.0 95.2"');
  });

  it('says what it shows', () => {
    for (const text of ['growth: memory', 'seconds', 'MB', 'RSS']) expect(svg).toContain(`>${text}</text>`);
  });
});

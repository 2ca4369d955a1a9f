import { comparisonTable } from './comparison-table.js';
import { example, measuredExample } from './example.fixture.js';

describe('table on the terminal', () => {
  it('shows median, range and ratio of what is compared, and medians of the rest', () => {
    expect(comparisonTable(example, measuredExample, 1_000)).toBe(
      [
        'example c8 (8 at once): medians of 3 rounds of 1000 messages',
        'contender     messages/s    min..max  ours / it    min..max  statements',
        'the ours one         900   600..1200                               4.00',
        'the slow one         750   500..1000       1.20  1.20..1.20        5.00',
        'the fast one        1500  1000..2000       0.60  0.60..0.60',
      ].join('\n'),
    );
  });

  it('has no column for a figure that a case does not show', () => {
    const figures = [...example.figures, { key: 'other', title: 'other', digits: 0, compared: true }];
    expect(comparisonTable({ ...example, figures }, measuredExample, 1)).not.toContain('other');
  });
});

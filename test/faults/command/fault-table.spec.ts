import { type CaseRow, isAsExpected } from '../kit/fault-case.js';
import { tableOf } from './fault-table.js';

const row: CaseRow = {
  what: 'here',
  seeds: 2,
  kills: 2,
  messages: 24,
  lost: 0,
  doubled: 0,
  pending: 0,
  recoveries: [30.4, 10, 20],
  faults: [],
};

describe('the table of test:faults', () => {
  it.each<[Partial<CaseRow>, boolean]>([
    [{}, true],
    [{ faults: ['1 (a) lost'] }, false],
    [{ control: 'lost', lost: 1, faults: ['1 (a) lost'] }, true],
    [{ control: 'lost' }, false],
    // late, or wrong in another way, is no proof
    [{ control: 'doubled', lost: 1, faults: ['1 (a) lost'] }, false],
    [{ control: 'growth', faults: ['grows: heap 2 MiB/min'] }, false],
    [{ control: 'growth', faults: ['grows: rows of the inbox 100 /min'] }, true],
  ])('takes %p for as expected: %p', (change, expected) => {
    expect(isAsExpected({ ...row, ...change })).toBe(expected);
  });

  it('shows figures, the median and the longest recovery, and marks what is not as expected', () => {
    const wrong = { ...row, what: 'there', doubled: 1, recoveries: [], faults: ['1 (7) done more than once'] };
    const silent: CaseRow = { ...row, what: 'control: no inbox', control: 'doubled', note: 'noted' };
    expect(tableOf([row, wrong, silent]).split('\n')).toEqual([
      '   case               seeds  kills  messages  lost  doubled  pending  recovery median / max ms',
      '   here                   2      2        24     0        0        0                   20 / 30',
      '!  there                  2      2        24     0        1        0',
      '!  control: no inbox      2      2        24     0        0        0                   20 / 30  noted',
      '! there: 1 (7) done more than once',
      '! control: no inbox: nothing doubled in it',
    ]);
  });
});

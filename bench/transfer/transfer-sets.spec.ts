import { balanceChanges } from './transfer-sets.js';

describe('transfers in sets', () => {
  it('sums what they change about each account, in the order of accounts, so that batches never wait in a circle', () => {
    const transfers = [
      { id: 1, from: 7, to: 9, amount: 5 },
      { id: 2, from: 2, to: 7, amount: 3 },
    ];
    expect(balanceChanges(transfers)).toEqual([
      [2, -3],
      [7, -2],
      [9, 5],
    ]);
  });
});

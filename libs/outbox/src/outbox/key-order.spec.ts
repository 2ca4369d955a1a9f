import type { ClaimedRow, Predecessor } from './claimed-rows.js';
import { publishOrder } from './key-order.js';

const row = (id: number, orderKey?: string): ClaimedRow => ({
  id: BigInt(id),
  orderKey,
  attempts: 0,
  bytes: 1,
  ageMs: 0,
  data: '',
});
const before = (id: number, waitMs: number): Predecessor => ({ id: BigInt(id), waitMs });
const ids = (chains: readonly (readonly ClaimedRow[])[]): number[][] =>
  chains.map((chain) => chain.map(({ id }) => Number(id)));

describe('publishOrder', () => {
  it('makes one chain of each key, by id, and one of each row without a key', () => {
    const claimed = [row(5, 'a'), row(2), row(3, 'b'), row(1, 'a'), row(4)];
    const order = publishOrder(claimed, new Map());
    expect(ids(order.chains)).toEqual([[1, 5], [2], [3], [4]]);
    expect(order).toMatchObject({ putOff: new Map(), isBehindOthers: false });
  });

  it.each([
    ['of one that is on its way', 0, { putOff: [], isBehindOthers: true }],
    ['of one that is put off, for as long', 700, { putOff: [[5n, 700]], isBehindOthers: false }],
  ])('keeps what is behind a row %s, and nothing before it', (_what, waitMs, { putOff, isBehindOthers }) => {
    const order = publishOrder([row(1, 'a'), row(5, 'a'), row(6, 'b'), row(7)], new Map([['a', before(3, waitMs)]]));
    expect(ids(order.chains)).toEqual([[1], [6], [7]]);
    expect([...order.putOff]).toEqual(putOff);
    expect(order.isBehindOthers).toBe(isBehindOthers);
  });
});

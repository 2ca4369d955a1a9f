import { modelOf } from './balance-model.js';
import { cents, decimal } from './money.js';
import { planTransfers } from './transfer-plan.js';

describe('the plan and its model', () => {
  const plan = planTransfers(1_000);

  it('never sends to the sender, and gives each transfer an id of its own', () => {
    expect(plan.transfers.every(({ from, to }) => from !== to)).toBe(true);
    expect(new Set(plan.transfers.map(({ id }) => id)).size).toBe(1_000);
  });

  it('holds overdrafts and transfers that are sent twice', () => {
    expect(plan.transfers.filter(({ outcome }) => outcome === 'rejected')).toHaveLength(4);
    expect(plan.transfers.filter(({ times }) => times === 2)).toHaveLength(10);
  });

  it('moves money without making or losing any', () => {
    const { balances } = modelOf(plan, plan.transfers);
    const total = [...balances.values()].reduce((sum, balance) => sum + balance, 0n);
    expect(total).toBe(cents(plan.opening) * BigInt(plan.accounts.length));
  });

  it('makes every outcome independent of the order: a million transfers empty no account, an overdraft asks for all money', () => {
    const amounts = (wanted: string) =>
      plan.transfers.filter(({ outcome }) => outcome === wanted).map(({ amount }) => cents(amount));
    const opening = cents(plan.opening);
    for (const amount of amounts('completed')) expect(amount * 1_000_000n).toBeLessThan(opening);
    for (const amount of amounts('rejected')) expect(amount).toBeGreaterThan(opening * BigInt(plan.accounts.length));
  });

  it.each(['0.00', '-0.07', '12.50', '9000000000000.00'])('writes %s as it reads it', (text) => {
    expect(decimal(cents(text))).toBe(text);
  });
});

import { cents } from './money.js';
import type { PlannedTransfer, TransferPlan } from './transfer-plan.js';

/** What the ledger must hold at the end, worked out from the requests alone. */
export interface BalanceModel {
  /** Cents by account. */
  readonly balances: ReadonlyMap<string, bigint>;
  /** Cents that requests wanted to move out of each account, rejected ones included. */
  readonly volumes: ReadonlyMap<string, bigint>;
  /** By id. */
  readonly transfers: ReadonlyMap<string, PlannedTransfer>;
}

export function modelOf(plan: TransferPlan, accepted: readonly PlannedTransfer[]): BalanceModel {
  const balances = new Map(plan.accounts.map((account) => [account, cents(plan.opening)]));
  const volumes = new Map(plan.accounts.map((account) => [account, 0n]));
  for (const { from, to, amount, outcome } of accepted) {
    add(volumes, from, cents(amount));
    if (outcome === 'rejected') continue;
    add(balances, from, -cents(amount));
    add(balances, to, cents(amount));
  }
  return { balances, volumes, transfers: new Map(accepted.map((transfer) => [transfer.id, transfer])) };
}

function add(sums: Map<string, bigint>, account: string, amount: bigint): void {
  sums.set(account, (sums.get(account) ?? 0n) + amount);
}

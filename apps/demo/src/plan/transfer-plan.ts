import { randomInt, randomUUID } from 'node:crypto';
import { decimal } from './money.js';

export interface Transfer {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
}

export interface PlannedTransfer extends Transfer {
  /** What must become of it, whatever the order: the accounts hold far more than all ordinary transfers together. */
  readonly outcome: 'completed' | 'rejected';
  /** Sent this many times with the same id. */
  readonly times: 1 | 2;
}

export interface TransferPlan {
  readonly accounts: readonly string[];
  /** Balance of each account at the beginning. */
  readonly opening: string;
  readonly transfers: readonly PlannedTransfer[];
}

const ACCOUNTS = 200;
const OPENING = '1000000000.00';
/** More than all accounts hold together. */
const OVERDRAFT = '9000000000000.00';

/** An ordinary mix: random pairs and amounts, some requests sent twice, some for more money than there is. */
export function planTransfers(count: number): TransferPlan {
  return {
    accounts: Array.from({ length: ACCOUNTS }, (_, i) => accountName(i)),
    opening: OPENING,
    transfers: Array.from({ length: count }, (_, i) => planTransfer(i)),
  };
}

/** Without repetitions: a second message under the same id would make good the loss of the first. */
export function sendOnce(plan: TransferPlan): TransferPlan {
  return { ...plan, transfers: plan.transfers.map((transfer) => ({ ...transfer, times: 1 })) };
}

function planTransfer(index: number): PlannedTransfer {
  const from = randomInt(ACCOUNTS);
  const isOverdraft = index % 250 === 70;
  return {
    id: randomUUID(),
    from: accountName(from),
    to: accountName((from + 1 + randomInt(ACCOUNTS - 1)) % ACCOUNTS),
    amount: isOverdraft ? OVERDRAFT : decimal(BigInt(randomInt(1, 10_001))),
    outcome: isOverdraft ? 'rejected' : 'completed',
    times: index % 100 === 50 ? 2 : 1,
  };
}

function accountName(index: number): string {
  return `acc-${String(index).padStart(3, '0')}`;
}

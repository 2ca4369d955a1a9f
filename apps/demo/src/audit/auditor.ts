import type { BalanceModel } from '../plan/balance-model.js';
import { REVIEW_THRESHOLD } from '../plan/ledger.names.js';
import type { LedgerState } from './ledger-state.js';

/** One dead letter, as its envelope tells. */
export interface DeadLetter {
  readonly entryId: string;
  readonly group: string;
}

export interface Evidence {
  readonly model: BalanceModel;
  readonly state: LedgerState;
  readonly deadLetters: readonly DeadLetter[];
  /** The dead letters that the bad messages must have become: each once for each group. */
  readonly expectedDeadLetters: readonly DeadLetter[];
  /** Messages that the groups have not read, or not acknowledged. */
  readonly unfinished: number;
}

/** What the auditor found: the figures of the report, and the invariants that do not hold. */
export interface Findings {
  readonly lost: number;
  readonly doubled: number;
  readonly accountsEqual: number;
  readonly sumBefore: bigint;
  readonly sumAfter: bigint;
  /** One sentence for each broken invariant, its name in front; empty when all hold. */
  readonly broken: readonly string[];
}

/** Compares what the ledger holds with what the accepted requests add up to. Pure: it reads nothing but its arguments. */
export function audit(evidence: Evidence): Findings {
  const { model, state } = evidence;
  const booked = new Set(state.transfers.map((transfer) => transfer.id));
  const lost = [...model.transfers.keys()].filter((id) => !booked.has(id));
  const balances = new Map(state.accounts.map((account) => [account.id, account.balance]));
  const unequal = [...model.balances].filter(([id, balance]) => balances.get(id) !== balance).map(([id]) => id);
  const sumBefore = sum(state.accounts.map((account) => account.opening));
  const sumAfter = sum(state.accounts.map((account) => account.balance));
  const doubled = doubledEffects(state);
  const checks: readonly (string | false)[] = [
    evidence.unfinished > 0 && `FINISHED: ${evidence.unfinished} messages are still unread or unacknowledged`,
    lost.length > 0 && `NOTHING LOST: ${some(lost)} accepted and never booked`,
    doubled > 0 && `NOTHING DOUBLED: balances were moved for ${doubled} transfers more than were booked`,
    doubled < 0 && `NOTHING HALF DONE: balances were moved for ${-doubled} transfers fewer than were booked`,
    sumBefore !== sumAfter && 'MONEY KEPT: the sum of all balances changed',
    unequal.length > 0 && `BALANCES: ${some(unequal)} not equal to the model`,
    checkTransfers(model, state),
    checkDeadLetters(evidence),
    checkVolumes(model, state),
    checkCases(model, state),
  ];
  return {
    lost: lost.length,
    doubled: Math.max(0, doubled),
    accountsEqual: model.balances.size - unequal.length,
    sumBefore,
    sumAfter,
    broken: checks.filter((check) => check !== false),
  };
}

// each completed transfer moves two balances
function doubledEffects({ accounts, transfers }: LedgerState): number {
  const completed = transfers.filter((transfer) => transfer.status === 'completed').length;
  return (Number(sum(accounts.map((account) => account.bookings))) - 2 * completed) / 2;
}

function checkTransfers(model: BalanceModel, state: LedgerState): string | false {
  const wrong = state.transfers.filter(({ id, from, to, amount, status }) => {
    const asked = model.transfers.get(id);
    return !asked || asked.from !== from || asked.to !== to || asked.amount !== amount || asked.outcome !== status;
  });
  return wrong.length > 0 && `AS ASKED: ${some(wrong.map(({ id }) => id))} booked other than the request said`;
}

function checkDeadLetters({ deadLetters, expectedDeadLetters }: Evidence): string | false {
  const name = ({ entryId, group }: DeadLetter): string => `${entryId} in ${group}`;
  const found = deadLetters.map(name).toSorted();
  const expected = expectedDeadLetters.map(name).toSorted();
  if (found.length === expected.length && found.every((letter, i) => letter === expected[i])) return false;
  return `DEAD LETTERS: ${found.length} instead of the ${expected.length} expected (every bad message once for each group)`;
}

function checkVolumes(model: BalanceModel, state: LedgerState): string | false {
  const wrong = state.accounts.filter((account) => account.volume !== model.volumes.get(account.id));
  return (
    wrong.length > 0 &&
    `NO LOST UPDATE: the review volumes of ${some(wrong.map(({ id }) => id))} not equal to the model`
  );
}

function checkCases(model: BalanceModel, state: LedgerState): string | false {
  const expected = [...model.volumes].filter(([, volume]) => volume > REVIEW_THRESHOLD).map(([account]) => account);
  const found = new Set(state.cases.map(({ account }) => account));
  const isComplete =
    found.size === state.cases.length && found.size === expected.length && expected.every((id) => found.has(id));
  const isGapless = state.cases.every(({ number }, i) => number === i + 1);
  return (
    !(isComplete && isGapless) &&
    `CASES: ${state.cases.length} review cases are not numbers 1 to ${expected.length}, one an account`
  );
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length === 1 ? `1 (${shown}) was` : `${names.length} (${shown}${names.length > 3 ? ', …' : ''}) were`;
}

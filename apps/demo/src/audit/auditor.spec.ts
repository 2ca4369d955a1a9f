import { modelOf } from '../plan/balance-model.js';
import { cents } from '../plan/money.js';
import type { PlannedTransfer } from '../plan/transfer-plan.js';
import { audit, type Evidence } from './auditor.js';
import type { AccountRow, BookedTransfer } from './ledger-state.js';

const OPENING = '1000.00';
const first: PlannedTransfer = { id: 't1', from: 'a', to: 'b', amount: '100.00', outcome: 'completed', times: 1 };
const second: PlannedTransfer = { id: 't2', from: 'b', to: 'c', amount: '2500.01', outcome: 'rejected', times: 2 };

const booked = ({ id, from, to, amount, outcome }: PlannedTransfer): BookedTransfer => ({
  id,
  from,
  to,
  amount,
  status: outcome,
});
const account = (id: string, balance: string, bookings: bigint, volume: string): AccountRow => ({
  id,
  opening: cents(OPENING),
  balance: cents(balance),
  bookings,
  volume: cents(volume),
});

/** A run in which everything went well; `b` alone wanted to send more than the threshold. */
function sound(): Evidence {
  return {
    model: modelOf({ accounts: ['a', 'b', 'c'], opening: OPENING, transfers: [first, second] }, [first, second]),
    state: {
      transfers: [first, second].map(booked),
      accounts: [
        account('a', '900.00', 1n, '100.00'),
        account('b', '1100.00', 1n, '2500.01'),
        account('c', '1000.00', 0n, '0.00'),
      ],
      cases: [{ number: 1, account: 'b' }],
    },
    deadLetters: [{ entryId: '1-1', group: 'booking' }],
    expectedDeadLetters: [{ entryId: '1-1', group: 'booking' }],
    unfinished: 0,
  };
}

function withState(change: Partial<Evidence['state']>): Evidence {
  return { ...sound(), state: { ...sound().state, ...change } };
}

describe('audit', () => {
  it('finds nothing in a sound run', () => {
    expect(audit(sound())).toEqual({
      lost: 0,
      doubled: 0,
      accountsEqual: 3,
      sumBefore: cents('3000.00'),
      sumAfter: cents('3000.00'),
      broken: [],
    });
  });

  it('names a lost transfer and the accounts that miss it', () => {
    const findings = audit(
      withState({
        transfers: [booked(second)],
        accounts: [
          account('a', OPENING, 0n, '100.00'),
          account('b', OPENING, 0n, '2500.01'),
          account('c', OPENING, 0n, '0.00'),
        ],
      }),
    );
    expect(findings).toMatchObject({ lost: 1, doubled: 0, accountsEqual: 1 });
    expect(findings.broken).toEqual([
      'NOTHING LOST: 1 (t1) was accepted and never booked',
      'BALANCES: 2 (a, b) were not equal to the model',
    ]);
  });

  it('counts an effect that was made twice', () => {
    const [, , c] = sound().state.accounts;
    const findings = audit(
      withState({
        accounts: [account('a', '800.00', 2n, '100.00'), account('b', '1200.00', 2n, '2500.01'), ...(c ? [c] : [])],
      }),
    );
    expect(findings).toMatchObject({ lost: 0, doubled: 1, accountsEqual: 1 });
    expect(findings.broken[0]).toBe('NOTHING DOUBLED: balances were moved for 1 transfers more than were booked');
  });

  it.each<[string, Evidence]>([
    ['FINISHED', { ...sound(), unfinished: 2 }],
    ['MONEY KEPT', withState({ accounts: [...sound().state.accounts, account('d', '0.01', 0n, '0.00')] })],
    ['BALANCES', withState({ accounts: sound().state.accounts.slice(1) })],
    ['AS ASKED', withState({ transfers: [booked(first), { ...booked(second), amount: '1.00' }] })],
    ['AS ASKED', withState({ transfers: [...[first, second].map(booked), { ...booked(second), id: 'stranger' }] })],
    ['DEAD LETTERS', { ...sound(), deadLetters: [] }],
    ['DEAD LETTERS', { ...sound(), deadLetters: [...sound().deadLetters, ...sound().deadLetters] }],
    ['NO LOST UPDATE', withState({ accounts: sound().state.accounts.map((row) => ({ ...row, volume: 0n })) })],
    ['CASES', withState({ cases: [] })],
    ['CASES', withState({ cases: [{ number: 2, account: 'b' }] })],
    ['CASES', withState({ cases: [{ number: 1, account: 'a' }] })],
  ])('names the invariant %s when it does not hold', (name, evidence) => {
    expect(audit(evidence).broken.some((sentence) => sentence.startsWith(`${name}: `))).toBe(true);
  });
});

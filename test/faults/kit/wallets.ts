import type { DbSession } from '@safesync/db';
import type { TestDatabase } from '../../support/mysql.js';
import type { FaultPayload } from './worker-settings.js';

const WALLETS = 6;
const START = '1000.000000000000000001';
const SCALE = 18;

/** Wallets with money to the last digit, and a log of what moved. */
export async function createWallets({ pool }: TestDatabase): Promise<void> {
  await pool.query('CREATE TABLE wallet (id INT PRIMARY KEY, balance DECIMAL(38, 18) NOT NULL)');
  await pool.query('INSERT INTO wallet VALUES ?', [Array.from({ length: WALLETS }, (_, id) => [id, START])]);
  await pool.query(
    'CREATE TABLE transfer (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, payer INT NOT NULL, payee INT NOT NULL, ' +
      'amount DECIMAL(38, 18) NOT NULL)',
  );
}

/** Moves the amount of the message's number, if there is so much; what moved is in the log, 0 where nothing did. */
export async function transfer({ n }: FaultPayload, session: DbSession): Promise<void> {
  const payer = n % WALLETS;
  const payee = (payer + 1 + (n % (WALLETS - 1))) % WALLETS;
  const amount = amountOf(n);
  // in one order, whoever pays whom
  await session.fetchAll('SELECT id FROM wallet WHERE id IN (:payer, :payee) ORDER BY id FOR UPDATE', { payer, payee });
  const paid = await session.execute(
    'UPDATE wallet SET balance = balance - CAST(:amount AS DECIMAL(38, 18)) ' +
      'WHERE id = :payer AND balance >= CAST(:amount AS DECIMAL(38, 18))',
    { payer, amount },
  );
  if (paid > 0) {
    const pay = 'UPDATE wallet SET balance = balance + CAST(:amount AS DECIMAL(38, 18)) WHERE id = :payee';
    await session.execute(pay, { payee, amount });
  }
  await session.execute('INSERT INTO transfer (n, payer, payee, amount) VALUES (:n, :payer, :payee, :amount)', {
    n,
    payer,
    payee,
    amount: paid > 0 ? amount : '0',
  });
}

/** Up to half of what a wallet begins with, with digits to the last place. */
function amountOf(n: number): string {
  return `${(n * 7_919) % 500}.${String((n * 1_000_003) % 1_000_000_007).padStart(9, '0')}${String(n).padStart(9, '0')}`;
}

export interface WalletFindings {
  /** Transfers that there was no money for. */
  readonly refused: number;
  readonly faults: readonly string[];
}

/** Compares what each wallet holds, to the last digit, with what the log says it must. */
export async function auditWallets(database: TestDatabase): Promise<WalletFindings> {
  const log = await database.rows<{ n: number; payer: number; payee: number; amount: string }>(
    'SELECT * FROM transfer',
  );
  const wallets = await database.rows<{ id: number; balance: string }>('SELECT id, balance FROM wallet');
  const model = new Map(Array.from({ length: WALLETS }, (_, id) => [id, units(START)]));
  for (const { payer, payee, amount } of log) {
    model.set(payer, (model.get(payer) ?? 0n) - units(amount));
    model.set(payee, (model.get(payee) ?? 0n) + units(amount));
  }
  const effects = await database.rows<{ n: number }>('SELECT n FROM effects');
  const logged = log.map(({ n }) => n).toSorted((a, b) => a - b);
  const counts: readonly (readonly [number, string])[] = [
    [wallets.filter(({ id, balance }) => units(balance) !== model.get(id)).length, 'wallets unlike their log'],
    [wallets.filter(({ balance }) => units(balance) < 0n).length, 'wallets below zero'],
    [
      logged.join() ===
      effects
        .map(({ n }) => n)
        .toSorted((a, b) => a - b)
        .join()
        ? 0
        : 1,
      'log unlike the effects',
    ],
  ];
  return {
    refused: log.filter(({ amount }) => units(amount) === 0n).length,
    faults: counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
  };
}

/** A decimal as a whole number of its last digit. */
function units(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(`${whole}${fraction.padEnd(SCALE, '0')}`);
}

import { createConnection, createPool, type Pool } from 'mysql2/promise';
import { Ledger } from '../transfer/ledger.js';
import { accountsOf, changesByAccount } from './lanes.js';
import { ADD_ONE } from './session-contender.js';
import { wrongAccounts } from './session-run.js';

/** What makes a run of sessions invalid. */
describe('verification of sessions', () => {
  const name = `bench_sessions_${process.pid}`;
  let pool: Pool;

  beforeAll(async () => {
    const url = new URL(process.env.MYSQL_URL as string);
    const admin = await createConnection(url.href);
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    url.pathname = `/${name}`;
    pool = createPool({ uri: url.href, connectionLimit: 1 });
  });

  afterAll(async () => {
    await pool.query(`DROP DATABASE ${name}`);
    await pool.end();
  });

  /** Both halves of a run of four sessions in two lanes. */
  beforeEach(async () => {
    await new Ledger(pool).reset();
    const half = [...accountsOf(0, 2, 4), ...accountsOf(1, 2, 4)];
    for (const account of [...half, ...half]) await pool.query(ADD_ONE, [account]);
  });

  const wrong = (): Promise<number> => wrongAccounts({ pool }, changesByAccount(2, 4));

  it('finds nothing after a correct run', async () => {
    expect(await wrong()).toBe(0);
  });

  it('finds a session too many', async () => {
    await pool.query(ADD_ONE, [1]);
    expect(await wrong()).toBe(1);
  });

  it('finds a lost update, also where another account has one too many', async () => {
    await pool.query('UPDATE accounts SET balance = balance - 1 WHERE id = 2');
    await pool.query(ADD_ONE, [900]);
    expect(await wrong()).toBe(2);
  });
});

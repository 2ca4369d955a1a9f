import { Redis } from 'ioredis';
import { createConnection, createPool, type Pool } from 'mysql2/promise';
import { GROUP, StreamChannel } from './stream-channel.js';
import { TransferWorld } from './transfer-world.js';

/** What makes a run invalid: the negative control of every figure the bench prints. */
describe('verification of a run', () => {
  const name = `bench_spec_${process.pid}`;
  const stream = `t:${name}`;
  let pool: Pool;
  let redis: Redis;
  let world: TransferWorld;

  beforeAll(async () => {
    const url = new URL(process.env.MYSQL_URL as string);
    const admin = await createConnection(url.href);
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    url.pathname = `/${name}`;
    pool = createPool({ uri: url.href, connectionLimit: 1 });
    redis = new Redis(process.env.REDIS_URL as string, { protocol: 2 });
    world = new TransferWorld(pool, new StreamChannel(redis, stream));
  });

  afterAll(async () => {
    await redis.del(stream);
    redis.disconnect();
    await pool.query(`DROP DATABASE ${name}`);
    await pool.end();
  });

  beforeEach(async () => {
    await world.reset();
    await world.prepare(1);
    await world.release();
  });

  /** The one message, as a correct contender handles it. */
  async function handle(): Promise<void> {
    const reply = await redis.xreadgroup('GROUP', GROUP, 'spec', 'STREAMS', stream, '>');
    const [[, [[id, [, data]]]]] = reply as [[string, [[string, [string, string]]]]];
    const transfer = JSON.parse(data) as { id: number; from: number; to: number; amount: number };
    await pool.query('UPDATE accounts SET balance = balance - ? WHERE id = ?', [transfer.amount, transfer.from]);
    await pool.query('UPDATE accounts SET balance = balance + ? WHERE id = ?', [transfer.amount, transfer.to]);
    const { from, to, amount } = transfer;
    await pool.query('INSERT INTO transfers VALUES (?, ?, ?, ?)', [transfer.id, from, to, amount]);
    await redis.xack(stream, GROUP, id);
  }

  it('finds nothing after a correct run', async () => {
    await handle();
    expect(await world.faults()).toEqual([]);
  });

  it('finds a message that nobody read', async () => {
    expect(await world.faults()).toEqual([
      'transfers recorded: 0 instead of 1',
      'entries read by the group: 0 instead of 1',
    ]);
  });

  it('finds a doubled withdrawal', async () => {
    await handle();
    await pool.query('UPDATE accounts a JOIN transfers t ON a.id = t.from_id SET a.balance = a.balance - t.amount');
    expect(await world.faults()).toEqual([
      'sum of balances: 999999998 instead of 1000000000',
      'accounts that differ from their transfers: 1 instead of 0',
    ]);
  });

  it('finds money moved between the wrong accounts, which the sum does not show', async () => {
    await handle();
    await pool.query('UPDATE accounts a JOIN transfers t ON a.id = t.from_id SET a.balance = a.balance + 1');
    await pool.query('UPDATE accounts a JOIN transfers t ON a.id = t.to_id SET a.balance = a.balance - 1');
    expect(await world.faults()).toEqual(['accounts that differ from their transfers: 2 instead of 0']);
  });

  it('finds an entry that was not acknowledged', async () => {
    await redis.xreadgroup('GROUP', GROUP, 'spec', 'STREAMS', stream, '>');
    expect(await world.faults()).toContain('entries pending: 1 instead of 0');
  });
});

import { Redis } from 'ioredis';
import { createPool, type Pool } from 'mysql2/promise';
import { DEPOSIT, RECORD, type Transfer, WITHDRAW } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { readLoop } from './read-loop.js';

/** A: what a careful programmer writes by hand, without a library and without tuning. */
export async function start(setup: TransferSetup, probe: Probe): Promise<void> {
  const pool = createPool({ uri: setup.mysqlUrl, connectionLimit: setup.concurrency });
  const redis = new Redis(setup.redisUrl, { protocol: 2 });
  await pool.query('SELECT 1');
  void readLoop(redis, setup, (transfer) => inTransaction(pool, transfer, probe));
}

export async function inTransaction(pool: Pool, { id, from, to, amount }: Transfer, probe: Probe): Promise<void> {
  const connection = await pool.getConnection();
  try {
    await connection.query('BEGIN');
    probe.started(id);
    await connection.query(WITHDRAW, [amount, from]);
    await connection.query(DEPOSIT, [amount, to]);
    await connection.query(RECORD, [id, from, to, amount]);
    probe.finished();
    await connection.query('COMMIT');
  } catch (error) {
    await connection.query('ROLLBACK');
    throw error;
  } finally {
    connection.release();
  }
}

import type { Redis } from 'ioredis';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { ACCOUNTS, OPENING_BALANCE, transfer } from './transfer.js';

export const STREAM = 'bench:transfers';
export const GROUP = 'bench';

const ACCOUNTS_TABLE = `CREATE TABLE accounts (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL) ENGINE=InnoDB`;
const TRANSFERS_TABLE = `CREATE TABLE transfers (id BIGINT PRIMARY KEY, from_id BIGINT NOT NULL, to_id BIGINT NOT NULL,
  amount BIGINT NOT NULL) ENGINE=InnoDB`;
/** Accounts whose balance is not what the recorded transfers make it. */
const WRONG_BALANCES = `SELECT COUNT(*) AS n FROM accounts a
  LEFT JOIN (SELECT to_id AS id, SUM(amount) AS total FROM transfers GROUP BY to_id) i ON i.id = a.id
  LEFT JOIN (SELECT from_id AS id, SUM(amount) AS total FROM transfers GROUP BY from_id) o ON o.id = a.id
  WHERE a.balance <> ${OPENING_BALANCE} + COALESCE(i.total, 0) - COALESCE(o.total, 0)`;

/** The two tables and the stream of the transfer work: emptied before a run, checked after it. */
export class TransferWorld {
  private published = 0;

  constructor(
    private readonly pool: Pool,
    private readonly redis: Redis,
    readonly stream: string = STREAM,
  ) {}

  /** New tables, full accounts, an empty stream with its group. */
  async reset(): Promise<void> {
    await this.pool.query('DROP TABLE IF EXISTS accounts, transfers');
    await this.pool.query(ACCOUNTS_TABLE);
    await this.pool.query(TRANSFERS_TABLE);
    const rows = Array.from({ length: ACCOUNTS }, (_, i) => [i + 1, OPENING_BALANCE]);
    await this.pool.query('INSERT INTO accounts (id, balance) VALUES ?', [rows]);
    await this.redis.del(this.stream);
    await this.redis.xgroup('CREATE', this.stream, GROUP, '0', 'MKSTREAM');
    this.published = 0;
  }

  /** Adds `count` transfers in one pipelined transaction: a reader sees all of them at once, or none. */
  async publish(count: number): Promise<void> {
    const batch = this.redis.multi();
    for (let i = 0; i < count; i++) {
      batch.xadd(this.stream, '*', 'data', JSON.stringify(transfer(++this.published)));
    }
    const replies = await batch.exec();
    const failed = replies?.find(([error]) => error !== null)?.[0];
    if (!replies || failed) throw new Error('Publishing the transfers failed.', { cause: failed });
  }

  /** What is wrong after a run; empty when every message had its effect exactly once and none is left. */
  async faults(): Promise<string[]> {
    const sum = await this.number('SELECT SUM(balance) AS n FROM accounts');
    const transfers = await this.number('SELECT COUNT(*) AS n FROM transfers');
    const wrong = await this.number(WRONG_BALANCES);
    const [pending] = (await this.redis.xpending(this.stream, GROUP)) as [number];
    const read = await this.entriesRead();
    const checks: [string, number, number][] = [
      ['sum of balances', sum, ACCOUNTS * OPENING_BALANCE],
      ['transfers recorded', transfers, this.published],
      ['accounts that differ from their transfers', wrong, 0],
      ['entries pending', pending, 0],
      ['entries read by the group', read, this.published],
    ];
    return checks.filter(([, is, due]) => is !== due).map(([what, is, due]) => `${what}: ${is} instead of ${due}`);
  }

  private async number(sql: string): Promise<number> {
    const [rows] = await this.pool.query<RowDataPacket[]>(sql);
    return Number(rows[0]?.n);
  }

  private async entriesRead(): Promise<number> {
    const groups = (await this.redis.xinfo('GROUPS', this.stream)) as unknown[][];
    const fields = groups[0] ?? [];
    return Number(fields[fields.indexOf('entries-read') + 1]);
  }
}

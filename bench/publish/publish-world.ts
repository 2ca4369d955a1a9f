import { OUTBOX_MIGRATIONS } from '@safesync/outbox';
import type { RowDataPacket } from 'mysql2/promise';
import type { BenchPlace } from '../benchmarks/benchmark.js';
import { type Transfer, transfer } from '../transfer/transfer.js';

/** BullMQ's queue, below the prefix of the benchmark. */
export const QUEUE = 'transfers';

const TRANSFERS_TABLE = `CREATE TABLE transfers (id BIGINT PRIMARY KEY, from_id BIGINT NOT NULL, to_id BIGINT NOT NULL,
  amount BIGINT NOT NULL) ENGINE=InnoDB`;
const PAGE = 5_000;

type Entry = [id: string, fields: [name: string, value: string]];

/** Where messages are published to: emptied before a run, checked after it. */
export class PublishWorld {
  readonly stream: string;

  constructor(private readonly place: BenchPlace) {
    this.stream = `${place.keyPrefix}:published`;
  }

  async reset(): Promise<void> {
    const { pool, redis } = this.place;
    await pool.query('DROP TABLE IF EXISTS transfers, safesync_outbox, safesync_inbox');
    await pool.query(TRANSFERS_TABLE);
    const query = async (text: string): Promise<void> => void (await pool.query(text));
    for (const Migration of OUTBOX_MIGRATIONS) await new Migration().up({ query });
    for await (const keys of redis.scanStream({ match: `${this.stream}*`, count: PAGE })) {
      if (keys.length > 0) await redis.unlink(keys as string[]);
    }
  }

  /** The texts in the stream. */
  async inStream(): Promise<string[]> {
    const texts: string[] = [];
    for (let after = '-'; ; ) {
      const entries = (await this.place.redis.xrange(this.stream, after, '+', 'COUNT', PAGE)) as Entry[];
      texts.push(...entries.map(([, [, data]]) => data));
      const last = entries.at(-1);
      if (!last) return texts;
      after = `(${last[0]}`;
    }
  }

  /** The texts of the jobs that wait in BullMQ's queue. */
  async inQueue(): Promise<string[]> {
    const ids = await this.place.redis.lrange(`${this.stream}:${QUEUE}:wait`, 0, -1);
    const texts: string[] = [];
    for (let from = 0; from < ids.length; from += PAGE) {
      const pipeline = this.place.redis.pipeline();
      for (const id of ids.slice(from, from + PAGE)) pipeline.hget(`${this.stream}:${QUEUE}:${id}`, 'data');
      texts.push(...((await pipeline.exec()) ?? []).map(([, data]) => String(data)));
    }
    return texts;
  }

  /** The texts in the outbox. */
  inOutbox(): Promise<string[]> {
    return this.texts('SELECT data AS text FROM safesync_outbox');
  }

  /** Transfers recorded, as their texts. */
  async recorded(): Promise<string[]> {
    const ids = await this.texts('SELECT id AS text FROM transfers');
    return ids.map((id) => JSON.stringify(transfer(Number(id))));
  }

  private async texts(sql: string): Promise<string[]> {
    const [rows] = await this.place.pool.query<RowDataPacket[]>(sql);
    return rows.map(({ text }) => String(text));
  }
}

/** What is wrong with these texts; undefined when each of the first `count` transfers is there exactly once, unaltered. */
export function faultOf(texts: readonly string[], count: number): string | undefined {
  const ids = new Set<number>();
  for (const text of texts) {
    const { id, from, to, amount } = JSON.parse(text) as Transfer;
    const due = transfer(id);
    if (id < 1 || id > count || from !== due.from || to !== due.to || amount !== due.amount) return `a strange ${text}`;
    ids.add(id);
  }
  const isComplete = ids.size === count && texts.length === count;
  return isComplete ? undefined : `${texts.length} messages, ${ids.size} of them different, instead of ${count}`;
}

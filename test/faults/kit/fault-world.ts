import { OUTBOX_MIGRATIONS } from '@safesync/outbox';
import type { DeadLetter, StreamHandlerOptions } from '@safesync/queue';
import { auditEffects, countUnfinished, type EffectFindings, eventually } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../../support/mysql.js';
import { createTestRedis, type TestRedis } from '../../support/redis.js';
import { ACCOUNTS, keyOf, modelOf, payloadOf, textOf } from './fault-payload.js';
import type { FaultPayload, WorkerSettings } from './worker-settings.js';

const GROUP = 'g';

/** Liveness alone brings messages back, and soon: a holder counts as dead after `livenessMs`. */
export const QUICK = { concurrency: 4, livenessMs: 600, claimIntervalMs: 150, claimIdleMs: 600_000 } as const;

/** Longest that a message of a dead holder may wait for another: what the options promise, and two seconds. */
export const RECOVERY_MS = QUICK.livenessMs + QUICK.claimIntervalMs + 2_000;

export interface WorldServers {
  readonly mysqlUrl?: string;
  readonly redisUrl?: string;
}

/** A database with one row for each effect and accounts that move, streams, and what was published: all that a case compares. */
export class FaultWorld {
  private readonly streams: string[] = [];
  private readonly payloads = new Map<string, FaultPayload>();
  /** Those too whose publishing was not confirmed: they may have an effect, and need not. */
  private readonly maybePublished = new Map<string, FaultPayload>();
  private readonly bad = new Set<string>();
  private count = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly redis: TestRedis,
    /** Whether handlers are behind the inbox; controls are not. */
    readonly exactlyOnce: boolean,
  ) {}

  /** On the servers of the run; on others where they are to be broken. */
  static async open(exactlyOnce: boolean, { mysqlUrl, redisUrl }: WorldServers = {}): Promise<FaultWorld> {
    const database = await createTestDatabase(mysqlUrl);
    const { pool } = database;
    await pool.query('CREATE TABLE effects (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, KEY (n))');
    await pool.query('CREATE TABLE account (id INT PRIMARY KEY, balance BIGINT NOT NULL)');
    const rows = Array.from({ length: ACCOUNTS }, (_, id) => [id, 0]);
    await pool.query('INSERT INTO account VALUES ?', [rows]);
    const sender = { query: async (text: string): Promise<void> => void (await pool.query(text)) };
    for (const Migration of OUTBOX_MIGRATIONS) await new Migration().up(sender);
    const redis = createTestRedis(redisUrl);
    // a server that is killed is what some cases are about
    redis.client.on('error', () => undefined);
    return new FaultWorld(database, redis, exactlyOnce);
  }

  async close(): Promise<void> {
    await this.redis.close();
    await this.database.drop();
  }

  /** A stream of its own with its group. */
  async stream(): Promise<string> {
    const stream = this.redis.key('s');
    await this.redis.client.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM');
    this.streams.push(stream);
    return stream;
  }

  handler(stream: string, more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions {
    return { stream, group: GROUP, exactlyOnce: this.exactlyOnce, ...QUICK, ...more };
  }

  settings(stream: string, more: Partial<WorkerSettings> = {}): WorkerSettings {
    return { databaseUrl: this.database.url, redisUrl: this.redis.url, handler: this.handler(stream), ...more };
  }

  /** Names of the group's consumers. */
  async consumers(stream: string): Promise<string[]> {
    const rows = (await this.redis.client.xinfo('CONSUMERS', stream, GROUP)) as string[][];
    return rows.map(([, name = '']) => name);
  }

  /** Appends messages that all mean something else; their numbers. */
  async publish(stream: string, count: number, poison?: string): Promise<number[]> {
    const payloads = Array.from({ length: count }, () => this.next(poison));
    for (const payload of payloads) this.maybePublished.set(String(payload.n), payload);
    const pipeline = this.redis.client.pipeline();
    for (const payload of payloads) pipeline.xadd(stream, '*', 'data', textOf(payload));
    const replies = await pipeline.exec();
    const confirmed = payloads.filter((_, index) => replies?.[index]?.[0] === null);
    for (const payload of confirmed) this.payloads.set(String(payload.n), payload);
    return confirmed.map(({ n }) => n);
  }

  /** Appends entries that no codec can read: they have to become dead letters. */
  async publishBad(stream: string, count: number, bytes = 0): Promise<void> {
    for (let made = 0; made < count; made++) {
      const data = `{bad ${this.bad.size}`.padEnd(bytes);
      this.bad.add(data);
      await this.redis.client.xadd(stream, '*', 'data', data);
    }
  }

  /** A consumer that has read `count` entries and died. */
  async deadConsumer(stream: string, count: number): Promise<void> {
    await this.redis.client.xreadgroup('GROUP', GROUP, 'dead', 'COUNT', count, 'STREAMS', stream, '>');
    await this.redis.client.zadd(`${stream}:alive:${GROUP}`, 1, 'dead');
  }

  /** Numbers of all messages whose publishing was confirmed so far. */
  get confirmed(): number[] {
    return [...this.payloads.values()].map(({ n }) => n);
  }

  /** These messages were published as well, by somebody else. */
  adopt(numbers: readonly number[]): void {
    for (const n of numbers) this.payloads.set(String(n), payloadOf(n));
  }

  /** These messages need not come any more. */
  forget(numbers: readonly number[]): void {
    for (const n of numbers) this.payloads.delete(String(n));
  }

  /** Waits until nothing waits in the outbox for this stream. */
  async outboxSettled(stream: string, withinMs = 30_000): Promise<void> {
    const isDone = async (): Promise<boolean> =>
      (await this.database.rows('SELECT id FROM safesync_outbox WHERE state = 0 AND stream = ? LIMIT 1', [stream]))
        .length === 0;
    await eventually(isDone, { what: `nothing waits in the outbox for ${stream}`, withinMs });
  }

  /** Waits until nothing is unread or unacknowledged. */
  async settled(stream: string, withinMs = 30_000): Promise<void> {
    const isDone = async (): Promise<boolean> => (await countUnfinished(this.redis.client, stream)) === 0;
    await eventually(isDone, { what: `nothing left in ${stream}`, withinMs });
  }

  /** How often the pending message that was delivered most often has been. */
  async mostDeliveries(stream: string): Promise<number> {
    const pending = await this.redis.client.xpending(stream, GROUP, '-', '+', 1_000);
    return Math.max(0, ...(pending as [string, string, number, number][]).map(([, , , count]) => count));
  }

  unfinished(stream: string): Promise<number> {
    return countUnfinished(this.redis.client, stream);
  }

  /** The numbers whose effects are committed. */
  async effects(): Promise<number[]> {
    return (await this.database.rows<{ n: number }>('SELECT n FROM effects')).map(({ n }) => n);
  }

  async hasEffect(n: number): Promise<boolean> {
    return (await this.database.rows('SELECT n FROM effects WHERE n = ?', [n])).length > 0;
  }

  /** Waits until so many effects are there: what works has then got the memory that it needs. */
  async hasDone(count: number): Promise<void> {
    const isDone = async (): Promise<boolean> => (await this.effects()).length >= count;
    await eventually(isDone, { what: `${count} messages done`, withinMs: 60_000, everyMs: 100 });
  }

  async hasDoubled(): Promise<boolean> {
    return (await this.database.rows('SELECT n FROM effects GROUP BY n HAVING COUNT(*) > 1 LIMIT 1')).length > 0;
  }

  async deadLetters(stream: string): Promise<DeadLetter[]> {
    const entries = await this.redis.client.xrange(`${stream}:dead`, '-', '+');
    return entries.map(([, fields]) => JSON.parse(fields[1] as string) as DeadLetter);
  }

  /** Ids of the entries that became dead letters. */
  async deadEntryIds(stream: string): Promise<string[]> {
    const ids: string[] = [];
    for (let from = '-'; ; ) {
      const page = await this.redis.client.xrange(`${stream}:dead`, from, '+', 'COUNT', 1_000);
      ids.push(...page.map(([, fields]) => (JSON.parse(fields[1] as string) as DeadLetter).entryId));
      const last = page.at(-1);
      if (last === undefined) return ids;
      from = `(${last[0]}`;
    }
  }

  get published(): number {
    return this.payloads.size + this.bad.size;
  }

  /** Compares all that was published, in whatever stream, with what is there. */
  async audit({ countsInbox = this.exactlyOnce }: { readonly countsInbox?: boolean } = {}): Promise<EffectFindings> {
    const letters = await Promise.all(this.streams.map((stream) => this.deadLetters(stream)));
    const unfinished = await Promise.all(this.streams.map((stream) => this.unfinished(stream)));
    const effects = (await this.effects()).map(String);
    for (const key of effects) this.confirm(key);
    const accounts = await this.database.rows<{ id: number; balance: string }>('SELECT id, balance FROM account');
    const deadLetters = letters.flat().map(keyOf);
    const findings = auditEffects({
      published: [...this.payloads.keys(), ...this.bad],
      effects,
      deadLetters,
      unfinished: unfinished.reduce((sum, count) => sum + count, 0),
      model: modelOf([...this.payloads.values()], new Set(deadLetters)),
      balances: new Map(accounts.map(({ id, balance }) => [String(id), BigInt(balance)])),
    });
    if (!countsInbox) return findings;
    const rows = await this.database.rows('SELECT id FROM safesync_inbox');
    // its keys are digests, so that only their number can be compared
    if (rows.length === effects.length) return findings;
    return { ...findings, faults: [...findings.faults, `${rows.length} inbox rows for ${effects.length} effects`] };
  }

  /** What has an effect was published, whatever its publisher was told. */
  private confirm(key: string): void {
    const payload = this.maybePublished.get(key);
    if (payload) this.payloads.set(key, payload);
  }

  private next(poison: string | undefined): FaultPayload {
    return payloadOf(++this.count, poison);
  }
}

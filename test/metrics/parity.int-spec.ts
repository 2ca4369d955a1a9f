import { type INestApplication, Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { METRICS_RECORDER, type MetricsRecorder } from '@safesync/core';
import { AdvisoryLocks, type DbSession, DbSessions, RowLocks, SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { type Message, RedisStreamsQueue, SafeSyncQueueModule, StreamHandler, StreamPublisher } from '@safesync/queue';
import { register } from 'prom-client';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { eventually } from '../support/eventually.js';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createTestRedis, type TestRedis } from '../support/redis.js';
import { type ExposedMetric, readExposition } from './exposition-text.js';

/** What the Python library exposes, from its documentation and source. */
const ANCESTOR: readonly (readonly [name: string, type: string, help: string, labels: readonly string[]])[] = [
  ['coti_safesync_db_write_total', 'counter', 'Total DB write operations', ['op_type', 'status', 'table']],
  ['coti_safesync_db_write_latency_seconds', 'histogram', 'Latency of DB write operations', ['op_type', 'table']],
  ['coti_safesync_db_lock_acquire_latency_seconds', 'histogram', 'Latency of DB lock acquisition', ['strategy']],
  ['coti_safesync_queue_messages_read_total', 'counter', 'Total queue messages read', ['stream']],
  ['coti_safesync_queue_messages_ack_total', 'counter', 'Total queue messages acknowledged', ['stream']],
  ['coti_safesync_queue_messages_claimed_total', 'counter', 'Total stale queue messages claimed', ['stream']],
  ['coti_safesync_queue_read_latency_seconds', 'histogram', 'Latency of queue reads', ['stream']],
];

/** Its buckets, as it writes them. */
const BUCKETS = '0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 +Inf'.split(' ');

@Injectable()
class Sink {
  @StreamHandler({ stream: 'work', group: 'sink' })
  async onWork({ payload }: Message<{ id: number }>, session: DbSession): Promise<void> {
    await session.execute('INSERT INTO parity (id, value) VALUES (:id, 0)', { id: payload.id });
    await session.execute('UPDATE parity SET value = value + 1 WHERE id = :id', { id: payload.id });
  }
}

describe('the seven metrics of the Python library, on GET /metrics after real work', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let app: INestApplication<App>;
  let atBoot: ReadonlyMap<string, ExposedMetric>;
  let exposed: ReadonlyMap<string, ExposedMetric>;
  let work: string;
  let stale: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = createTestRedis();
    await database.pool.query('CREATE TABLE parity (id INT PRIMARY KEY, value INT NOT NULL)');
    const prefix = `${redis.key('parity')}:`;
    work = `${prefix}work`;
    stale = redis.key('stale');
    register.clear();
    const compiled = await Test.createTestingModule({
      imports: [
        SafeSyncMetricsModule.forRoot(),
        SafeSyncDbModule.forRoot({ connection: { url: database.url, poolSize: 4 } }),
        SafeSyncQueueModule.forRoot({ connections: redis.url, prefix }),
        SafeSyncQueueModule.forFeature([{ name: 'work' }]),
      ],
      providers: [Sink],
    }).compile();
    app = await compiled.createNestApplication<INestApplication<App>>().init();
    atBoot = await scrape();
    await handleThreeMessages();
    await failOneSession();
    await takeBothLocks();
    await claimOneMessage();
    exposed = await scrape();
  });

  afterAll(async () => {
    await app?.close();
    await redis?.close();
    await database?.drop();
    register.clear();
  });

  async function scrape(): Promise<ReadonlyMap<string, ExposedMetric>> {
    return readExposition((await request(app.getHttpServer()).get('/metrics').expect(200)).text);
  }

  async function handleThreeMessages(): Promise<void> {
    for (const id of [1, 2, 3]) await app.get(StreamPublisher).publish('work', { id });
    await eventually(async () => (await redis.client.xpending(work, 'sink'))[0] === 0 && (await rows()) === 3, {
      what: 'three messages handled and acknowledged',
    });
  }

  async function rows(): Promise<number> {
    return (await database.rows('SELECT id FROM parity')).length;
  }

  async function failOneSession(): Promise<void> {
    const failed = app.get(DbSessions).run(async (session) => {
      await session.execute('INSERT INTO parity (id, value) VALUES (4, 0)');
      throw new Error('on purpose');
    });
    await expect(failed).rejects.toThrow('on purpose');
  }

  async function takeBothLocks(): Promise<void> {
    await app.get(AdvisoryLocks).run('parity', {}, async (session) => {
      await app.get(RowLocks).lock(session, 'parity', { id: 1 });
    });
  }

  async function claimOneMessage(): Promise<void> {
    const metrics = app.get<MetricsRecorder>(METRICS_RECORDER);
    const config = { streamKey: stale, consumerGroup: 'g' };
    const first = await RedisStreamsQueue.create(redis.url, { ...config, consumerName: 'first' }, { metrics });
    const second = await RedisStreamsQueue.create(redis.url, { ...config, consumerName: 'second' }, { metrics });
    await first.enqueue({ n: 1 });
    await first.read(1_000);
    await second.claimStale(0);
    await second.read(1);
    first.close();
    second.close();
  }

  function metric(name: string): ExposedMetric {
    const found = exposed.get(name);
    if (!found) throw new Error(`${name} is not exposed`);
    return found;
  }

  function value(sample: string, labels: Record<string, string>): number | undefined {
    const { samples } = metric(sample.replace(/_(count|sum|bucket)$/, ''));
    return samples.find((each) => each.name === sample && isEqual(each.labels, labels))?.value;
  }

  it.each(ANCESTOR)('%s is exposed from the boot on', (name, type, help) => {
    expect(atBoot.get(name)).toMatchObject({ type, help });
  });

  it.each(ANCESTOR)('%s keeps type, help and labels', (name, type, help, labels) => {
    expect(metric(name)).toMatchObject({ type, help });
    expect(metric(name).samples.length).toBeGreaterThan(0);
    for (const sample of metric(name).samples) {
      const own = Object.keys(sample.labels).filter((label) => label !== 'le');
      expect(own.toSorted()).toEqual(labels);
    }
  });

  it.each(ANCESTOR.filter(([, type]) => type === 'histogram'))('%s keeps its buckets to the byte', (name) => {
    const buckets = metric(name).samples.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.slice(0, BUCKETS.length).map((sample) => sample.labels.le);
    expect(bounds).toEqual(BUCKETS);
    expect(buckets.length % BUCKETS.length).toBe(0);
  });

  it('counts writes by table, kind and the fate of their transaction', () => {
    const inserts = { table: 'parity', op_type: 'insert' };
    expect(value('coti_safesync_db_write_total', { ...inserts, status: 'success' })).toBe(3);
    expect(value('coti_safesync_db_write_total', { ...inserts, status: 'error' })).toBe(1);
    expect(value('coti_safesync_db_write_total', { table: 'parity', op_type: 'update', status: 'success' })).toBe(3);
    expect(value('coti_safesync_db_write_latency_seconds_count', inserts)).toBe(4);
  });

  it('measures one acquisition by strategy', () => {
    expect(value('coti_safesync_db_lock_acquire_latency_seconds_count', { strategy: 'advisory' })).toBe(1);
    expect(value('coti_safesync_db_lock_acquire_latency_seconds_count', { strategy: 'row' })).toBe(1);
  });

  it('counts messages by stream: read, acknowledged, claimed', () => {
    expect(value('coti_safesync_queue_messages_read_total', { stream: work })).toBe(3);
    expect(value('coti_safesync_queue_messages_ack_total', { stream: work })).toBe(3);
    expect(value('coti_safesync_queue_messages_read_total', { stream: stale })).toBe(1);
    expect(value('coti_safesync_queue_messages_claimed_total', { stream: stale })).toBe(1);
    expect(value('coti_safesync_queue_read_latency_seconds_count', { stream: stale })).toBe(1);
  });
});

function isEqual(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

import type { LabelsOf, MetricDefinition, MetricsRecorder } from '@safesync/core';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { type OpenSessions, openSessions } from './open-sessions.js';

/** Sums of counters and numbers of observations, by name and labels. */
class Totals implements MetricsRecorder {
  readonly totals = new Map<string, number>();
  readonly values: number[] = [];

  add<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>, value = 1): void {
    const key = `${metric.name} ${JSON.stringify(labels)}`;
    this.totals.set(key, (this.totals.get(key) ?? 0) + value);
  }

  observe<D extends MetricDefinition>(metric: D, labels: LabelsOf<D>, value: number): void {
    this.values.push(value);
    this.add(metric, labels);
  }

  set(): void {
    throw new Error('sessions set no gauges');
  }
}

describe('metrics of sessions', () => {
  let database: TestDatabase;
  let db: OpenSessions;
  let metrics: Totals;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE items (id INT PRIMARY KEY, n INT)');
  });
  beforeEach(async () => {
    await database.pool.query('DELETE FROM items');
    metrics = new Totals();
    db = await openSessions(database.url, { metrics });
  });
  afterEach(async () => {
    await db?.close();
  });
  afterAll(async () => {
    await database?.drop();
  });

  const written = (table: string, op_type: string, status: string): number =>
    metrics.totals.get(`coti_safesync_db_write_total ${JSON.stringify({ table, op_type, status })}`) ?? 0;
  const latencies = (table: string, op_type: string): number =>
    metrics.totals.get(`coti_safesync_db_write_latency_seconds ${JSON.stringify({ table, op_type })}`) ?? 0;
  const ended = (outcome: string): number =>
    metrics.totals.get(`coti_safesync_db_sessions_total ${JSON.stringify({ outcome })}`) ?? 0;

  it('M1 M3 M5 count each insert and update of a committed session as success, by table and kind', async () => {
    await db.sessions.run(async (session) => {
      await session.execute('INSERT INTO items VALUES (1, 1)');
      await session.manager.query('INSERT IGNORE INTO `items` VALUES (?, ?)', [2, 1]);
      await session.execute('/* why */ UPDATE items SET n = 2');
      await session.execute('DELETE FROM items');
      await session.fetchAll('SELECT * FROM items');
      expect(metrics.totals.size).toBe(0);
    });
    expect(written('items', 'insert', 'success')).toBe(2);
    expect(written('items', 'update', 'success')).toBe(1);
    expect(latencies('items', 'insert')).toBe(2);
    expect(latencies('items', 'update')).toBe(1);
    expect(written('items', 'insert', 'error')).toBe(0);
    expect(ended('committed')).toBe(1);
    for (const value of metrics.values) expect(value).toBeGreaterThan(0);
  });

  it('M2 counts the writes of a session that was rolled back as errors', async () => {
    const run = db.sessions.run(async (session) => {
      await session.execute('INSERT INTO items VALUES (1, 1)');
      throw new Error('undone');
    });
    await expect(run).rejects.toThrow('undone');
    expect(written('items', 'insert', 'error')).toBe(1);
    expect(written('items', 'insert', 'success')).toBe(0);
    expect(ended('rolled_back')).toBe(1);
  });

  it('counts failed statements by the code of their error, not as writes', async () => {
    await db.sessions.run(async (session) => {
      await session.execute('INSERT INTO items VALUES (1, 1)');
      await expect(session.execute('INSERT INTO items VALUES (1, 1)')).rejects.toThrow();
    });
    expect(written('items', 'insert', 'success')).toBe(1);
    expect(metrics.totals.get('coti_safesync_db_errors_total {"code":"DUPLICATE_KEY"}')).toBe(1);
  });
});

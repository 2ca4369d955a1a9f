import type { MetricsRecorder } from '@safesync/core';
import { DB_WRITE_LATENCY, DB_WRITE_TOTAL } from '../db.metrics.js';
import type { Statement, WriteTarget } from '../sql/statement.js';

/** The writes of one session, counted when it is known whether they stay. */
export class WriteLog {
  private entries: { readonly target: WriteTarget; readonly startedAt: number }[] | undefined;
  private endedAt = 0;

  constructor(private readonly metrics: MetricsRecorder) {}

  add(statement: Statement, startedAt: number): void {
    if (statement.write === undefined) return;
    this.entries ??= [];
    this.entries.push({ target: statement.write, startedAt });
  }

  /** Latencies run up to here: before the commit. */
  end(): void {
    if (this.entries !== undefined) this.endedAt = performance.now();
  }

  record(status: 'success' | 'error'): void {
    if (this.entries === undefined) return;
    for (const { target, startedAt } of this.entries) {
      const { table, op } = target;
      this.metrics.add(DB_WRITE_TOTAL, { table, op_type: op, status });
      this.metrics.observe(DB_WRITE_LATENCY, { table, op_type: op }, (this.endedAt - startedAt) / 1_000);
    }
  }
}

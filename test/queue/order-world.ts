/** Keyed messages, what became of them in which order, and workers that handle them. */

import type { StreamHandlerOptions } from '@safesync/queue';
import { WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../support/compiled-program.js';
import { HandlerWorld } from './handler-world.js';
import type { OrderWorkerReport, OrderWorkerSettings } from './programs/order-worker.js';

export class OrderWorld {
  private readonly workers: WorkerProcess[] = [];

  private constructor(readonly handlers: HandlerWorld) {}

  static async open(): Promise<OrderWorld> {
    const handlers = await HandlerWorld.open();
    await handlers.database.pool.query(
      'CREATE TABLE ordered (id BIGINT AUTO_INCREMENT PRIMARY KEY, k VARCHAR(50) NOT NULL, n INT NOT NULL, UNIQUE KEY (k, n))',
    );
    return new OrderWorld(handlers);
  }

  async reset(): Promise<void> {
    await this.handlers.reset();
    await this.handlers.database.pool.query('DELETE FROM ordered');
  }

  async closeApps(): Promise<void> {
    for (const worker of this.workers.splice(0)) if (worker.isRunning) await worker.kill();
    await this.handlers.closeApps();
  }

  /** Nothing but liveness and being active brings a message to another process. */
  options(more: Partial<StreamHandlerOptions> = {}): StreamHandlerOptions {
    const { stream, group } = this.handlers;
    const times = { claimIdleMs: 900_000, claimIntervalMs: 100, livenessMs: 1_000, retry: { baseMs: 5, maxMs: 20 } };
    return { stream, group, orderBy: 'key', ...times, ...more };
  }

  async startWorker(handler: StreamHandlerOptions, more: Partial<OrderWorkerSettings> = {}): Promise<WorkerProcess> {
    const { database, redis } = this.handlers;
    const settings: OrderWorkerSettings = {
      databaseUrl: database.url,
      redisUrl: redis.url,
      handler,
      failing: 0,
      ...more,
    };
    const program = compiledProgram('queue/programs/order-worker');
    const worker = await WorkerProcess.spawn(program, { env: { WORKER: JSON.stringify(settings) } });
    this.workers.push(worker);
    await worker.message((report): report is OrderWorkerReport => 'ready' in (report as OrderWorkerReport), 'ready');
    return worker;
  }

  /** Adds one message of a key; without a key, one that has none. */
  async add(key: string | undefined, n: number): Promise<string> {
    const data = JSON.stringify({ n, ...(key !== undefined && { __safesync: { key } }) });
    return (await this.handlers.redis.client.xadd(this.handlers.stream, '*', 'data', data)) as string;
  }

  /** The numbers of each key whose effects were committed, in the order of their inserts. */
  async effects(): Promise<Record<string, number[]>> {
    const byKey: Record<string, number[]> = {};
    const rows = await this.handlers.database.rows<{ k: string; n: number }>('SELECT k, n FROM ordered ORDER BY id');
    for (const { k, n } of rows) byKey[k] = [...(byKey[k] ?? []), n];
    return byKey;
  }

  async count(): Promise<number> {
    const [row] = await this.handlers.database.rows<{ c: number | string }>('SELECT COUNT(*) AS c FROM ordered');
    return Number(row?.c);
  }

  close(): Promise<void> {
    return this.handlers.close();
  }
}

export function isEntered(n: number): (report: unknown) => report is { readonly entered: number } {
  return (report): report is { readonly entered: number } => (report as { entered?: number }).entered === n;
}

/** Keys whose numbers are not the ascending ones that were published. */
export function disordered(effects: Record<string, number[]>): string[] {
  return Object.entries(effects).flatMap(([key, numbers]) =>
    numbers.every((n, index) => index === 0 || n > (numbers[index - 1] as number)) ? [] : [key],
  );
}

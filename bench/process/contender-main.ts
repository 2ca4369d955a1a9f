import { Redis } from 'ioredis';
import type { ContenderModule, ContenderReport, ContenderSetup, DrainOrder } from './contender.js';
import { DrainMeter } from './drain-meter.js';

const PROGRESS_MS = 250;

function report(message: ContenderReport): void {
  process.send?.(message);
}

/** Entry of a contender's process: `contender-main.js <module> <setup as JSON>`, with an IPC channel to the bench. */
async function main(modulePath: string, setup: ContenderSetup): Promise<void> {
  const contender = (await import(modulePath)) as ContenderModule;
  const meter = new DrainMeter(new Redis(setup.redisUrl, { protocol: 2 }), setup);
  process.on('message', (order: DrainOrder) => {
    void meter.drain(order.expect).then((result) => report({ kind: 'drained', result }), fail);
  });
  process.on('disconnect', () => process.exit(0));
  await contender.start(setup, meter);
  setInterval(() => report({ kind: 'progress', finished: meter.finishedCount }), PROGRESS_MS).unref();
  report({ kind: 'ready' });
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

const [modulePath = '', setup = ''] = process.argv.slice(2);
main(modulePath, JSON.parse(setup) as ContenderSetup).catch(fail);

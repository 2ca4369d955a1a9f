import { setTimeout as pause } from 'node:timers/promises';
import type { BenchPlace, Run, RunOrder } from '../benchmarks/benchmark.js';
import { GROUP, StreamChannel } from '../transfer/stream-channel.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';
import { TransferWorld } from '../transfer/transfer-world.js';
import { withStarted } from './starting-process.js';

const SETTLE_MS = 10_000;

/** One message waits; a process is started and handles it. */
export async function runStart(run: RunOrder, place: BenchPlace): Promise<Run> {
  const { mysqlUrl, redisUrl, keyPrefix } = place;
  const { concurrency } = run.case;
  const stream = `${keyPrefix}start-up`;
  const world = new TransferWorld(place.pool, new StreamChannel(place.redis, stream));
  await world.reset();
  await world.prepare(1);
  await world.release();
  const setup: TransferSetup = { mysqlUrl, redisUrl, channel: 'stream', stream, group: GROUP, concurrency };
  return withStarted(run, setup, async ({ handledMs, loadedMs, cpuMs }) => {
    await settle(run.contender.title, world);
    return { figures: { handledMs, loadedMs, cpuMs } };
  });
}

/** Waits for the commit and the acknowledgement; rejects unless the message had its effect exactly once. */
async function settle(title: string, world: TransferWorld): Promise<void> {
  const endsAt = performance.now() + SETTLE_MS;
  for (let faults = await world.faults(); faults.length > 0; faults = await world.faults()) {
    if (performance.now() > endsAt) throw new Error(`Invalid start of ${title}: ${faults.join('; ')}.`);
    await pause(5);
  }
}

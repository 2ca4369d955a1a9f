import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Transfer } from '../transfer/transfer.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';

/**
 * A BullMQ worker as its documentation has it, on the queue `setup.stream`. Jobs that are done are removed, which costs it
 * less than keeping them. A failure ends the process, and with it the run.
 */
export async function startWorker(
  { redisUrl, stream, concurrency }: TransferSetup,
  work: (transfer: Transfer) => Promise<void>,
): Promise<void> {
  const connection = new Redis(redisUrl, { protocol: 2, maxRetriesPerRequest: null });
  const worker = new Worker(stream, ({ data }: Job<Transfer>) => work(data), {
    connection,
    concurrency,
    removeOnComplete: { count: 0 },
  });
  worker.on('failed', (_job, error) => fail(error));
  worker.on('error', fail);
  await worker.waitUntilReady();
}

function fail(error: Error): never {
  console.error(error);
  process.exit(1);
}

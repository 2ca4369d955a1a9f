import type { Redis } from 'ioredis';
import type { Transfer } from '../transfer/transfer.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';

const BLOCK_MS = 5_000;

type Reply = [stream: string, entries: [id: string, fields: [name: string, value: string]][]][] | null;
type Group = Pick<TransferSetup, 'stream' | 'group'>;

/** One XREADGROUP of up to `count` new messages; empty when none came for five seconds. */
export async function readTransfers(
  redis: Redis,
  { stream, group }: Group,
  count: number,
): Promise<[id: string, transfer: Transfer][]> {
  const waiting = ['COUNT', count, 'BLOCK', BLOCK_MS] as const;
  const reply = (await redis.xreadgroup('GROUP', group, 'reference', ...waiting, 'STREAMS', stream, '>')) as Reply;
  return (reply?.[0]?.[1] ?? []).map(([id, [, data]]) => [id, JSON.parse(data) as Transfer]);
}

/**
 * The plain loop: read as many messages as may be worked on at once, work on all of them, acknowledge each after its commit,
 * read again. A failure ends the process, and with it the run.
 */
export async function readLoop(
  redis: Redis,
  setup: TransferSetup,
  work: (transfer: Transfer) => Promise<void>,
): Promise<never> {
  for (;;) {
    const transfers = await readTransfers(redis, setup, setup.concurrency);
    await Promise.all(
      transfers.map(async ([id, transfer]) => {
        await work(transfer);
        await redis.xack(setup.stream, setup.group, id);
      }),
    );
  }
}

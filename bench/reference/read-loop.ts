import type { Redis } from 'ioredis';
import type { ContenderSetup } from '../process/contender.js';
import type { Transfer } from '../transfer/transfer.js';

type Reply = [stream: string, entries: [id: string, fields: [name: string, value: string]][]][] | null;

/**
 * The loop both references share: read as many entries as may be worked on at once, work on all of them, acknowledge each
 * after its commit, read again. A failure ends the process, and with it the run.
 */
export async function readLoop(
  redis: Redis,
  { stream, group, concurrency }: ContenderSetup,
  work: (transfer: Transfer) => Promise<void>,
): Promise<never> {
  for (;;) {
    const reply = (await redis.xreadgroup(
      'GROUP',
      group,
      'reference',
      'COUNT',
      concurrency,
      'BLOCK',
      5_000,
      'STREAMS',
      stream,
      '>',
    )) as Reply;
    const entries = reply?.[0]?.[1] ?? [];
    await Promise.all(
      entries.map(async ([id, [, data]]) => {
        await work(JSON.parse(data) as Transfer);
        await redis.xack(stream, group, id);
      }),
    );
  }
}

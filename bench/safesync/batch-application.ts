import { Injectable } from '@nestjs/common';
import type { DbSession } from '@safesync/db';
import { type Message, StreamHandler } from '@safesync/queue';
import type { Transfer } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { BATCH_SIZE } from '../transfer/transfer-sets.js';
import { startApplication } from './application.js';

type Work = (session: DbSession, transfers: readonly Transfer[]) => Promise<void>;

/** A handler of batches of transfers, one transaction each. */
export async function startBatches(
  { mysqlUrl, redisUrl, stream, group, concurrency }: TransferSetup,
  probe: Probe,
  work: Work,
): Promise<void> {
  @Injectable()
  class BatchHandler {
    @StreamHandler({ stream, group, concurrency, batch: { size: BATCH_SIZE } })
    async onTransfers(messages: readonly Message<Transfer>[], session: DbSession): Promise<void> {
      const transfers = messages.map(({ payload }) => payload);
      for (const { id } of transfers) probe.started(id);
      await work(session, transfers);
      for (const _ of transfers) probe.finished();
    }
  }

  await startApplication({ mysqlUrl, redisUrl, stream, poolSize: concurrency, handler: BatchHandler });
}

import { Injectable } from '@nestjs/common';
import type { DbSession } from '@safesync/db';
import { type Message, StreamHandler } from '@safesync/queue';
import type { Transfer } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';
import { startApplication } from './application.js';
import { transfer } from './transfer-statements.js';

/** A handler of transfers, one transaction each. */
export async function startTransfers(
  { mysqlUrl, redisUrl, stream, group, concurrency }: TransferSetup,
  probe: Probe,
  { exactlyOnce }: { readonly exactlyOnce: boolean },
): Promise<void> {
  @Injectable()
  class TransferHandler {
    @StreamHandler({ stream, group, concurrency, exactlyOnce })
    async onTransfer({ payload }: Message<Transfer>, session: DbSession): Promise<void> {
      probe.started(payload.id);
      await transfer(payload, session);
      probe.finished();
    }
  }

  const outbox = exactlyOnce ? { outbox: { relay: false } as const } : {};
  await startApplication({ mysqlUrl, redisUrl, stream, poolSize: concurrency, handler: TransferHandler, ...outbox });
}

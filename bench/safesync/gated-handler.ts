import { Injectable } from '@nestjs/common';
import type { DbSession } from '@safesync/db';
import { type Message, StreamHandler } from '@safesync/queue';
import type { Gate } from '../growth/gate.js';
import type { Transfer } from '../transfer/transfer.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';
import { startApplication } from './application.js';
import { transfer } from './transfer-statements.js';

/** Ours, as it is without options, behind a gate. */
export async function start(
  { mysqlUrl, redisUrl, stream, group, concurrency }: TransferSetup,
  gate: Gate,
): Promise<void> {
  @Injectable()
  class TransferHandler {
    @StreamHandler({ stream, group, concurrency })
    async onTransfer({ payload }: Message<Transfer>, session: DbSession): Promise<void> {
      await gate.pass();
      await transfer(payload, session);
      gate.finished();
    }
  }

  await startApplication({ mysqlUrl, redisUrl, stream, poolSize: concurrency, handler: TransferHandler });
}

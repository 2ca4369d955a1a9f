import { Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { SafeSyncOutboxModule } from '@safesync/outbox';
import { type Message, SafeSyncQueueModule, StreamHandler } from '@safesync/queue';
import type { Transfer } from '../transfer/transfer.js';
import type { Probe, TransferSetup } from '../transfer/transfer-contender.js';

const WITHDRAW = 'UPDATE accounts SET balance = balance - :amount WHERE id = :from';
const DEPOSIT = 'UPDATE accounts SET balance = balance + :amount WHERE id = :to';
const RECORD = 'INSERT INTO transfers (id, from_id, to_id, amount) VALUES (:id, :from, :to, :amount)';

/** What a user of SafeSync writes: modules and one decorated method. All safety and the metrics are on. */
export async function startApplication(
  setup: TransferSetup,
  probe: Probe,
  { exactlyOnce }: { readonly exactlyOnce: boolean },
): Promise<void> {
  @Module({
    imports: [
      SafeSyncMetricsModule.forRoot(),
      SafeSyncDbModule.forRoot({ connection: { url: setup.mysqlUrl, poolSize: setup.concurrency } }),
      SafeSyncQueueModule.forRoot({ connections: setup.redisUrl }),
      SafeSyncQueueModule.forFeature([{ name: setup.stream }]),
      ...(exactlyOnce ? [SafeSyncOutboxModule.forRoot({ relay: false })] : []),
    ],
    providers: [transferHandler(setup, probe, exactlyOnce)],
  })
  class BenchModule {}

  await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}

function transferHandler({ stream, group, concurrency }: TransferSetup, probe: Probe, exactlyOnce: boolean): Type {
  @Injectable()
  class TransferHandler {
    @StreamHandler({ stream, group, concurrency, exactlyOnce })
    async onTransfer({ payload }: Message<Transfer>, session: DbSession): Promise<void> {
      const { id, from, to, amount } = payload;
      probe.started(id);
      await session.execute(WITHDRAW, { amount, from });
      await session.execute(DEPOSIT, { amount, to });
      await session.execute(RECORD, { id, from, to, amount });
      probe.finished();
    }
  }
  return TransferHandler;
}

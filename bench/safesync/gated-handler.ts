import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { type Message, SafeSyncQueueModule, StreamHandler } from '@safesync/queue';
import type { Gate } from '../growth/gate.js';
import type { Transfer } from '../transfer/transfer.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';

const WITHDRAW = 'UPDATE accounts SET balance = balance - :amount WHERE id = :from';
const DEPOSIT = 'UPDATE accounts SET balance = balance + :amount WHERE id = :to';
const RECORD = 'INSERT INTO transfers (id, from_id, to_id, amount) VALUES (:id, :from, :to, :amount)';

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
      const { id, from, to, amount } = payload;
      await session.execute(WITHDRAW, { amount, from });
      await session.execute(DEPOSIT, { amount, to });
      await session.execute(RECORD, { id, from, to, amount });
      gate.finished();
    }
  }

  @Module({
    imports: [
      SafeSyncMetricsModule.forRoot(),
      SafeSyncDbModule.forRoot({ connection: { url: mysqlUrl, poolSize: concurrency } }),
      SafeSyncQueueModule.forRoot({ connections: redisUrl }),
      SafeSyncQueueModule.forFeature([{ name: stream }]),
    ],
    providers: [TransferHandler],
  })
  class BenchModule {}

  await NestFactory.createApplicationContext(BenchModule, { logger: ['error', 'warn'] });
}

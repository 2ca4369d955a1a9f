import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { SafeSyncDbModule } from '@safesync/db';
import { SafeSyncMetricsModule } from '@safesync/metrics';
import { SafeSyncOutboxModule } from '@safesync/outbox';
import { SafeSyncQueueModule } from '@safesync/queue';
import { AccountBook } from './accounts/account-book.js';
import { AccountsController } from './accounts/accounts.controller.js';
import type { LedgerConfig, LedgerRole } from './config/ledger.config.js';
import { HealthController } from './health/health.controller.js';
import { ReviewHandler } from './reviews/review.handler.js';
import { TransferHandler } from './transfers/transfer.handler.js';
import { REDELIVERIES_TOTAL, TRANSFERS_TOTAL } from './transfers/transfer.metrics.js';
import { TRANSFERS } from './transfers/transfer.stream.js';
import { TransfersController } from './transfers/transfers.controller.js';

const CONTROLLERS: Readonly<Record<LedgerRole, readonly Type[]>> = {
  api: [AccountsController, TransfersController],
  worker: [],
  both: [AccountsController, TransfersController],
};

const HANDLERS: Readonly<Record<LedgerRole, readonly Type[]>> = {
  api: [],
  worker: [TransferHandler, ReviewHandler],
  both: [TransferHandler, ReviewHandler],
};

/** The whole application. Its role decides whether it takes requests, handles messages, or both. */
@Module({})
export class LedgerModule {
  static forRoot({ mysqlUrl, redisUrl, role, poolSize, prefix }: LedgerConfig): DynamicModule {
    return {
      module: LedgerModule,
      imports: [
        SafeSyncDbModule.forRoot({ connection: { url: mysqlUrl, poolSize } }),
        SafeSyncQueueModule.forRoot({ connections: redisUrl, prefix }),
        SafeSyncQueueModule.forFeature([{ name: TRANSFERS }]),
        // nothing of it publishes through the outbox
        SafeSyncOutboxModule.forRoot({ relay: false }),
        SafeSyncMetricsModule.forRoot({ metrics: [TRANSFERS_TOTAL, REDELIVERIES_TOTAL] }),
      ],
      controllers: [HealthController, ...CONTROLLERS[role]],
      providers: [AccountBook, ...HANDLERS[role]],
    };
  }
}

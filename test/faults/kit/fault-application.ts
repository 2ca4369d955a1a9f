import { Injectable, Module, type Type } from '@nestjs/common';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { SafeSyncOutboxModule } from '@safesync/outbox';
import { type Message, SafeSyncQueueModule, StreamHandler } from '@safesync/queue';
import type { FaultPayload, WorkerSettings } from './worker-settings.js';

/** What handlers do with a message, as their process wants it. */
export type FaultHandler = (message: Message<FaultPayload>, session: DbSession) => Promise<void>;

/** Looks often, and has several batches of what is written in a test. */
const RELAY = { pollMs: 20, batchSize: 10 };

/** An application with one handler, as users write it: nothing in it knows of the suite. */
export function faultApplication(settings: WorkerSettings, handle: FaultHandler): Type {
  const { databaseUrl, redisUrl, handler, handles = true, relays = false } = settings;

  @Injectable()
  class Handler {
    @StreamHandler(handler)
    on(message: Message<FaultPayload>, session: DbSession): Promise<void> {
      return handle(message, session);
    }
  }

  @Module({
    imports: [
      SafeSyncDbModule.forRoot({ connection: { url: databaseUrl, poolSize: (handler.concurrency ?? 1) + 4 } }),
      SafeSyncOutboxModule.forRoot({ relay: relays && RELAY }),
      SafeSyncQueueModule.forRoot({ connections: redisUrl }),
      SafeSyncQueueModule.forFeature([{ name: handler.stream }]),
    ],
    providers: handles ? [Handler] : [],
  })
  class Application {}
  return Application;
}

/** One row for each time that it happens, and the amount on its account. */
export async function book({ payload }: Message<FaultPayload>, session: DbSession): Promise<void> {
  const { n, account, amount } = payload;
  await session.execute('INSERT INTO effects (n) VALUES (:n)', { n });
  await session.execute('UPDATE account SET balance = balance + :amount WHERE id = :account', { account, amount });
}

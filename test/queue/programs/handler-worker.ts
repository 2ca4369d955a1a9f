import { once } from 'node:events';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import { type Message, SafeSyncQueueModule, StreamHandler, type StreamHandlerOptions } from '@safesync/queue';

/** How the handler of a worker ends. */
export type WorkerMode =
  /** Inserts its effect and commits. */
  | 'work'
  /** Never returns, with its effect inserted and not committed. */
  | 'hang'
  /** Inserts its effect, then waits for a message from the parent before it returns. */
  | 'wait'
  /** The process dies between the commit and the acknowledgement. */
  | 'die-after-commit'
  /** Inserts into the table `once`, then blocks the event loop for 600 ms. */
  | 'block-600'
  /** The process dies in the handler of message 13; the others work. */
  | 'die-of-13';

export interface WorkerSettings {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly handler: StreamHandlerOptions;
  readonly mode: WorkerMode;
}

/** What a worker tells its parent. */
export type WorkerReport = { readonly ready: true } | { readonly entered: number };

const settings = JSON.parse(process.env.WORKER as string) as WorkerSettings;
const tell = (report: WorkerReport): void => void process.send?.(report);

@Injectable()
class Handler {
  @StreamHandler(settings.handler)
  async on({ payload }: Message<{ n: number }>, session: DbSession): Promise<void> {
    tell({ entered: payload.n });
    if (settings.mode === 'die-of-13' && payload.n === 13) process.exit(13);
    if (settings.mode === 'block-600') return block(payload.n, session);
    await session.execute('INSERT INTO effects (n) VALUES (:n)', { n: payload.n });
    if (settings.mode === 'wait') await once(process, 'message');
    if (settings.mode === 'hang') await new Promise(() => undefined);
    if (settings.mode === 'die-after-commit') session.afterCommit(() => void process.kill(process.pid, 'SIGKILL'));
  }
}

async function block(n: number, session: DbSession): Promise<void> {
  await session.execute('INSERT IGNORE INTO once (n) VALUES (:n)', { n: n + 100 });
  const until = performance.now() + 600;
  while (performance.now() < until);
}

@Module({
  imports: [
    SafeSyncDbModule.forRoot({ connection: { url: settings.databaseUrl, poolSize: 8 } }),
    SafeSyncQueueModule.forRoot({ connections: settings.redisUrl }),
    SafeSyncQueueModule.forFeature([{ name: settings.handler.stream }]),
  ],
  providers: [Handler],
})
class Worker {}

const app = await NestFactory.createApplicationContext(Worker, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
tell({ ready: true });

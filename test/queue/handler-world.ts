import { Injectable, type LoggerService, Module, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { METRICS_RECORDER } from '@safesync/core';
import { type DbSession, SafeSyncDbModule } from '@safesync/db';
import {
  type DeadLetter,
  type DeliveryContext,
  type DeliveryOutcome,
  type Message,
  type PayloadType,
  type QueueStreamOptions,
  SafeSyncQueueModule,
  type SafeSyncQueueModuleOptions,
  StreamHandler,
  type StreamHandlerOptions,
  StreamPublisher,
} from '@safesync/queue';
import { eventually } from '@safesync/testing';
import { createTestDatabase, type TestDatabase } from '../support/mysql.js';
import { createTestRedis, type TestRedis } from '../support/redis.js';
import { KeptMetrics } from './low-level-kept-metrics.js';

export type HandlerBody = (
  message: Message<{ n: number }>,
  session: DbSession,
  context: DeliveryContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return statement is a Promise<void>
) => Promise<DeliveryOutcome | void>;

/** A provider with one method, `on`, that handles a stream. */
export function handlerOf(options: StreamHandlerOptions<PayloadType>, body: HandlerBody): Type {
  @Injectable()
  class Handler {
    @StreamHandler(options)
    on(message: Message, session: DbSession, context: DeliveryContext): ReturnType<HandlerBody> {
      return body(message as Message<{ n: number }>, session, context);
    }
  }
  return Handler;
}

/** The effect that tests look for: one row per commit, so that a second one shows. */
export async function effect({ payload }: Message<{ n: number }>, session: DbSession): Promise<void> {
  await session.execute('INSERT INTO effects (n) VALUES (:n)', { n: payload.n });
}

export interface BootOptions {
  readonly queue?: SafeSyncQueueModuleOptions;
  readonly streams?: readonly QueueStreamOptions[];
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: readonly Provider[];
  readonly databaseUrl?: string;
  readonly poolSize?: number;
}

@Module({})
class KeptMetricsModule {}

/** One stream, one table of effects and Nest applications on them, as the tests of one file need them. */
export class HandlerWorld {
  readonly redis: TestRedis = createTestRedis();
  readonly metrics = new KeptMetrics();
  /** What the applications logged, one line each. */
  readonly log: string[] = [];
  stream = '';
  readonly group = 'g';
  private readonly apps: TestingModule[] = [];
  private readonly logger = this.keepingLogger();

  private constructor(readonly database: TestDatabase) {}

  static async open(): Promise<HandlerWorld> {
    const database = await createTestDatabase();
    await database.pool.query('CREATE TABLE effects (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL)');
    return new HandlerWorld(database);
  }

  /** For `beforeEach`: a stream of its own and no effects. */
  async reset(): Promise<void> {
    this.stream = this.redis.key('s');
    this.log.length = 0;
    await this.database.pool.query('DELETE FROM effects');
  }

  /** For `afterEach`: ends every application that was booted. */
  async closeApps(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
  }

  async close(): Promise<void> {
    await this.closeApps();
    await this.redis.close();
    await this.database.drop();
  }

  /** An application with the world's stream and these handlers, not booted yet; closed by `closeApps`. */
  async build(handlers: Type | readonly Type[], options: BootOptions = {}): Promise<TestingModule> {
    const url = options.databaseUrl ?? this.database.url;
    const builder = Test.createTestingModule({
      imports: [
        SafeSyncDbModule.forRoot({ connection: { url, poolSize: options.poolSize ?? 10 } }),
        SafeSyncQueueModule.forRoot({ connections: this.redis.url, ...options.queue }),
        SafeSyncQueueModule.forFeature(options.streams ?? [{ name: this.stream }]),
        { module: KeptMetricsModule, global: true, ...kept(this.metrics) },
        ...(options.imports ?? []),
      ],
      providers: [...[handlers].flat(), ...(options.providers ?? [])],
    });
    const app = await builder.setLogger(this.logger).compile();
    this.apps.push(app);
    return app;
  }

  /** `build`, and boot: handlers run when it resolves. */
  async boot(handlers: Type | readonly Type[], options: BootOptions = {}): Promise<TestingModule> {
    const app = await this.build(handlers, options);
    return app.init();
  }

  /** Publishes `{n}` for each number. */
  publish(app: TestingModule, ...numbers: readonly number[]): Promise<string[]> {
    const messages = numbers.map((n) => ({ payload: { n } }));
    return app.get(StreamPublisher).publishMany(this.stream, messages);
  }

  /** The numbers whose effects were committed, in that order. */
  async effects(): Promise<number[]> {
    return (await this.database.rows<{ n: number }>('SELECT n FROM effects ORDER BY id')).map(({ n }) => n);
  }

  /** Ids that are pending in the group. */
  async pending(group = this.group): Promise<string[]> {
    const rows = (await this.redis.client.xpending(this.stream, group, '-', '+', 10_000)) as [string][];
    return rows.map(([id]) => id);
  }

  async deadLetters(): Promise<DeadLetter[]> {
    const entries = await this.redis.client.xrange(`${this.stream}:dead`, '-', '+');
    return entries.map(([, fields]) => JSON.parse(fields[1] as string) as DeadLetter);
  }

  private keepingLogger(): LoggerService {
    const keep = (line: unknown): void => void this.log.push(String(line));
    return { log: keep, warn: keep, error: keep, debug: keep, verbose: keep, fatal: keep };
  }

  /** Waits until all of these effects are there, each once, and nothing is pending. */
  async settled(numbers: readonly number[], withinMs?: number): Promise<void> {
    const sorted = (list: readonly number[]): string => list.toSorted((a, b) => a - b).join();
    const isDone = async (): Promise<boolean> => sorted(await this.effects()) === sorted(numbers);
    await eventually(isDone, { what: `effects of ${numbers.length} messages`, ...(withinMs && { withinMs }) });
    await this.nothingPending();
  }

  /** Waits until no group of the stream has anything pending. */
  async nothingPending(): Promise<void> {
    await eventually(
      async () => {
        const groups = (await this.redis.client.xinfo('GROUPS', this.stream)) as unknown[][];
        return groups.every((group) => group[group.indexOf('pending') + 1] === 0);
      },
      { what: 'nothing pending' },
    );
  }
}

/** Hooks of a file's tests: a world for all of them, emptied before each, its applications closed after each. */
export function useHandlerWorld(use: (world: HandlerWorld) => void): void {
  let world: HandlerWorld | undefined;
  beforeAll(async () => {
    world = await HandlerWorld.open();
    use(world);
  });
  beforeEach(() => world?.reset());
  afterEach(() => world?.closeApps());
  afterAll(() => world?.close());
}

function kept(metrics: KeptMetrics): Pick<ModuleMetadata, 'providers' | 'exports'> {
  return { providers: [{ provide: METRICS_RECORDER, useValue: metrics }], exports: [METRICS_RECORDER] };
}

/** 0, 1, ... `count - 1`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

import { type InjectionToken, Logger } from '@nestjs/common';
import type { ExternalContextCreator, ModuleRef } from '@nestjs/core';
import type { MetricsRecorder } from '@safesync/core';
import { DbSessions, getDbToken } from '@safesync/db';
import type { DatabaseGate } from '../delivery/database-gate.js';
import { getInboxToken, type Inbox, InboxGate } from '../delivery/inbox.js';
import { type BatchInvoker, createBatchInvoker } from '../handler/batch-invoker.js';
import { HandlerRefusedError } from '../handler/handler.errors.js';
import { createHandlerInvoker, type HandlerInvoker } from '../handler/handler-invoker.js';
import { compilePayloadValidator, type PayloadValidator, payloadClassOf } from '../handler/payload-validation.js';
import type { StreamHandlerDefinition, StreamHandlerExplorer } from '../handler/stream-handler.explorer.js';
import { JsonCodec } from '../message/json.codec.js';
import { QUEUE_METRICS } from '../queue.metrics.js';
import type { QueueStreams, RegisteredStream } from '../registration/queue-streams.js';
import { Upkeep } from '../retention/upkeep.js';
import { OrderedGroup } from '../stream/ordered-group.js';
import { RedisStream } from '../stream/redis-stream.js';
import { newConsumerName } from './consumer-name.js';
import { GroupConsumer } from './group-consumer.js';

/** A handler that passed every check, with all it needs. */
export interface PreparedHandler {
  readonly definition: StreamHandlerDefinition;
  readonly stream: RegisteredStream;
  readonly sessions: DbSessions;
  readonly validate: PayloadValidator | undefined;
  readonly invoker: HandlerInvoker;
  /** Of handlers that get a list of messages. */
  readonly batchInvoker: BatchInvoker | undefined;
  readonly inbox: InboxGate | undefined;
}

/** Finds the handlers of the application, checks what only the whole application shows, and makes their consumers. */
export class ConsumerFactory {
  // one name for the process: a handler that is started again is the same member of its group
  private readonly consumerName = newConsumerName();
  private readonly logger = new Logger('SafeSyncQueue');

  constructor(
    private readonly explorer: StreamHandlerExplorer,
    private readonly streams: QueueStreams,
    private readonly moduleRef: ModuleRef,
    private readonly contexts: ExternalContextCreator,
    private readonly metrics: MetricsRecorder,
  ) {}

  /** What keeps the streams of the handlers in order while they run. */
  createUpkeep(): Upkeep {
    return new Upkeep(this.metrics, this.logger);
  }

  /** Throws an error that names class, method and remedy for the first handler that cannot work. */
  async prepareAll(): Promise<PreparedHandler[]> {
    this.metrics.declare?.(QUEUE_METRICS);
    // every registered stream is checked, also one that is only published to
    void this.streams.all;
    const definitions = this.explorer.explore();
    requireDistinct(definitions);
    return Promise.all(definitions.map((definition) => this.prepare(definition)));
  }

  create(handler: PreparedHandler, gate: DatabaseGate): GroupConsumer {
    const { definition, stream, sessions, validate, invoker, batchInvoker, inbox } = handler;
    const { options } = definition;
    const consumer = options.consumer ?? this.consumerName;
    const member = { stream: stream.key, group: options.group, consumer };
    return new GroupConsumer({
      handler: definition.where,
      options,
      stream: new RedisStream(stream.connection, member),
      ordered: options.orderBy && new OrderedGroup(stream.connection, member),
      gate,
      delivery: {
        codec: new JsonCodec(stream.limits),
        validate,
        sessions,
        handler: invoker,
        batchHandler: batchInvoker,
        inbox,
      },
      metrics: this.metrics,
      logger: this.logger,
    });
  }

  private async prepare(definition: StreamHandlerDefinition): Promise<PreparedHandler> {
    const { where, options } = definition;
    const method = { ...definition, payloadClass: payloadClassOf(options.payload) };
    const isTogether = options.batch?.mode === 'together';
    return {
      definition,
      stream: this.streamOf(definition),
      sessions: this.sessionsOf(definition),
      validate: await compilePayloadValidator(where, options.payload),
      invoker: createHandlerInvoker(this.contexts, method),
      batchInvoker: isTogether ? createBatchInvoker(this.contexts, method) : undefined,
      inbox: options.exactlyOnce ? await this.inboxOf(definition) : undefined,
    };
  }

  private streamOf({ where, options }: StreamHandlerDefinition): RegisteredStream {
    const stream = this.streams.get(options.stream);
    if (!stream) {
      const remedy = `Import SafeSyncQueueModule.forFeature([{ name: '${options.stream}' }]).`;
      throw new HandlerRefusedError(where, `handles stream "${options.stream}", which no module registers`, remedy);
    }
    if (options.connection !== undefined && options.connection !== stream.connectionName) {
      const fact = `wants connection "${options.connection}", but stream "${stream.name}" is on "${stream.connectionName}"`;
      throw new HandlerRefusedError(where, fact, 'Name the connection in forFeature alone, or name the same one.');
    }
    return stream;
  }

  private async inboxOf(definition: StreamHandlerDefinition): Promise<InboxGate> {
    const { where, options } = definition;
    const { db } = options;
    const inbox = this.find(getInboxToken(db)) as Inbox | undefined;
    if (!inbox) {
      const named = db === 'default' ? '' : `{ name: '${db}' }`;
      const remedy = `Import SafeSyncOutboxModule.forRoot(${named}) of @safesync/outbox.`;
      throw new HandlerRefusedError(
        where,
        `is exactlyOnce, but no module provides an inbox in database "${db}"`,
        remedy,
      );
    }
    requireMemory(definition, inbox, this.streamOf(definition));
    await inbox.prepare();
    return new InboxGate(inbox, options.maxDeliveries);
  }

  private sessionsOf({ where, options }: StreamHandlerDefinition): DbSessions {
    const sessions = this.find(getDbToken(DbSessions, options.db)) as DbSessions | undefined;
    if (sessions) return sessions;
    const named = options.db === 'default' ? '' : `name: '${options.db}', `;
    const remedy = `Import SafeSyncDbModule.forRoot({ ${named}... }).`;
    throw new HandlerRefusedError(where, `needs database "${options.db}", which no module provides`, remedy);
  }

  /** Whatever module of the application provides it. */
  private find(token: InjectionToken): unknown {
    try {
      return this.moduleRef.get<unknown>(token as string | symbol, { strict: false });
    } catch {
      return undefined;
    }
  }
}

/**
 * A message that its inbox forgets between two of its deliveries could be done twice: between retries, or when the group vanished and
 * gets the whole stream once more.
 */
function requireMemory(
  { where, options }: StreamHandlerDefinition,
  { retentionMs }: Inbox,
  stream: RegisteredStream,
): void {
  const { maxDeliveries, claimIdleMs, retry } = options;
  const times: readonly (readonly [string, number])[] = [
    ['maxDeliveries times claimIdleMs and retry.maxMs', maxDeliveries * (claimIdleMs + retry.maxMs)],
    ['retention.maxAgeMs of the stream', stream.upkeep.retention?.maxAgeMs ?? 0],
  ];
  for (const [what, longestMs] of times) {
    if (retentionMs >= longestMs) continue;
    const fact = `may get a message again for ${longestMs} ms (${what}), and its inbox remembers for ${retentionMs}`;
    throw new HandlerRefusedError(where, fact, 'Raise inbox.retentionMs, or lower those options.');
  }
}

function requireDistinct(definitions: readonly StreamHandlerDefinition[]): void {
  const seen = new Map<string, string>();
  for (const { where, options } of definitions) {
    const key = JSON.stringify([options.stream, options.group]);
    const other = seen.get(key);
    if (other !== undefined) {
      const twice = other === where ? 'is provided twice' : `handles the same stream and group as ${other}`;
      const fact = `${twice} (stream "${options.stream}", group "${options.group}"), so each would get half of the messages`;
      throw new HandlerRefusedError(
        where,
        fact,
        'Provide the class in one module only, or give each handler a group of its own.',
      );
    }
    seen.set(key, where);
  }
}

import { isDeepStrictEqual } from 'node:util';
import type { DiscoveryService } from '@nestjs/core';
import { OptionFaults } from '@safesync/core';
import type { PayloadLimits } from '../message/payload-limits.js';
import { checkDedupeWindow, DEFAULT_DEDUPE_WINDOW_MS } from '../publish/publish.options.js';
import { isStreamSchema, type StreamSchema } from '../publish/stream-schema.js';
import { QueueError } from '../queue.errors.js';
import type { QueueStreamOptions, ResolvedQueueOptions } from '../queue.options.js';
import { DEFAULT_CONNECTION, QUEUE_OPTIONS, QUEUE_STREAMS } from '../queue.tokens.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import { resolveUpkeep, type StreamUpkeep } from '../upkeep.options.js';
import type { QueueConnections } from './queue-connections.js';

/** A stream that some module registered. */
export interface RegisteredStream {
  readonly name: string;
  /** The name in Redis, prefix included. */
  readonly key: string;
  readonly connectionName: string;
  readonly connection: RedisConnection;
  readonly limits: Partial<PayloadLimits>;
  readonly upkeep: StreamUpkeep;
  readonly schema: StreamSchema | undefined;
  readonly dedupeWindowMs: number;
}

/** A stream was used that no module registered: a misspelt name would be a stream that nobody reads. */
export class UnknownStreamError extends QueueError {
  constructor(
    readonly stream: string,
    known: readonly string[],
  ) {
    super(`Stream "${stream}" is not registered${known.length > 0 ? ` (registered: ${known.join(', ')})` : ''}.`, {
      code: 'UNKNOWN_STREAM',
      remedy: `Import SafeSyncQueueModule.forFeature([{ name: '${stream}' }]) in a module of the application.`,
    });
  }
}

/** The streams of all `forFeature` imports of the application. */
export class QueueStreams {
  private streams: ReadonlyMap<string, RegisteredStream> | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly connections: QueueConnections,
    private readonly options: ResolvedQueueOptions,
  ) {}

  get(name: string): RegisteredStream | undefined {
    return this.all.get(name);
  }

  require(name: string): RegisteredStream {
    const stream = this.get(name);
    if (!stream) throw new UnknownStreamError(name, [...this.all.keys()]);
    return stream;
  }

  /** Collected at first use, when every module has been imported. Throws `InvalidOptionsError` with all faults. */
  get all(): ReadonlyMap<string, RegisteredStream> {
    this.streams ??= this.collect();
    return this.streams;
  }

  private collect(): ReadonlyMap<string, RegisteredStream> {
    const faults = new OptionFaults('SafeSyncQueueModule');
    faults.require(
      this.providersOf(QUEUE_OPTIONS).length === 1,
      'forRoot is imported twice: every handler would run twice',
    );
    const streams = new Map<string, RegisteredStream>();
    for (const given of this.registrations()) {
      const stream = this.resolve(given, faults);
      const known = streams.get(given.name);
      faults.require(!known || isSame(known, stream), `stream "${given.name}" is registered twice, differently`);
      streams.set(given.name, stream);
    }
    faults.throwIfAny();
    return streams;
  }

  private registrations(): QueueStreamOptions[] {
    return this.providersOf(QUEUE_STREAMS).flatMap((wrapper) => wrapper.instance as readonly QueueStreamOptions[]);
  }

  private providersOf(token: symbol): ReturnType<DiscoveryService['getProviders']> {
    return this.discovery.getProviders().filter((wrapper) => wrapper.token === token);
  }

  private resolve(given: QueueStreamOptions, faults: OptionFaults): RegisteredStream {
    const { name, connection, maxPayloadBytes, schema, dedupeWindowMs = DEFAULT_DEDUPE_WINDOW_MS } = given;
    const connectionName = connection ?? DEFAULT_CONNECTION;
    const found = this.connections.get(connectionName);
    faults.require(typeof name === 'string' && name.trim() !== '', 'every stream needs a name');
    faults.require(
      found !== undefined,
      `stream "${name}" wants connection "${connectionName}", but forRoot has only ${this.connections.names.join(', ')}`,
    );
    faults.require(
      !found?.isCluster || /\{[^{}]+\}/.test(this.options.prefix + name),
      `stream "${name}" is on a Redis Cluster and needs a hash tag, for example "{${name}}", so that its keys share a slot`,
    );
    if (maxPayloadBytes !== undefined) faults.integer(`maxPayloadBytes of stream "${name}"`, maxPayloadBytes, 1);
    checkDedupeWindow(faults, `dedupeWindowMs of stream "${name}"`, dedupeWindowMs);
    faults.require(
      schema === undefined || isStreamSchema(schema),
      `schema of stream "${name}" must be a Standard Schema or a JSON Schema object`,
    );
    return {
      name,
      key: this.options.prefix + name,
      connectionName,
      connection: found as RedisConnection,
      limits: maxPayloadBytes === undefined ? {} : { maxBytes: maxPayloadBytes },
      upkeep: resolveUpkeep(name, given, faults),
      schema,
      dedupeWindowMs,
    };
  }
}

function isSame(a: RegisteredStream, b: RegisteredStream): boolean {
  return (
    a.connectionName === b.connectionName &&
    a.limits.maxBytes === b.limits.maxBytes &&
    a.schema === b.schema &&
    a.dedupeWindowMs === b.dedupeWindowMs &&
    isDeepStrictEqual(a.upkeep, b.upkeep)
  );
}

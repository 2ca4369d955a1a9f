import type { OnModuleInit } from '@nestjs/common';
import { InvalidOptionsError } from '@safesync/core';
import type { InSessionOptions, OutgoingMessage, PublishOptions } from '../publish/publish.options.js';
import { StreamPublisher } from '../publish/stream-publisher.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import type { DelayedStreams } from './delayed-streams.js';
import type { QueueStreams, RegisteredStream } from './queue-streams.js';

/**
 * What the application injects as `StreamPublisher`: takes the stream names of `forFeature`, and each stream's connection,
 * prefix, limits and schema from there. Any other name is `UnknownStreamError`.
 */
export class RegisteredPublisher extends StreamPublisher implements OnModuleInit {
  private readonly byStream = new Map<string, StreamPublisher>();

  constructor(
    connection: RedisConnection,
    private readonly streams: QueueStreams,
    private readonly delayed: DelayedStreams,
  ) {
    super(connection);
  }

  /** A schema that cannot be used is an error at boot, not the first message's surprise. */
  async onModuleInit(): Promise<void> {
    await Promise.all([...this.streams.all.values()].map((stream) => this.prepareStream(stream)));
  }

  override async publish(stream: string, payload: object, options?: PublishOptions): Promise<string> {
    const registered = this.streams.require(stream);
    const id = await this.publisherOf(registered).publish(registered.key, payload, options);
    if (options?.delayMs !== undefined) this.delayed.expect(registered, options.delayMs);
    return id;
  }

  override async publishMany(
    stream: string,
    messages: readonly OutgoingMessage[],
    options?: InSessionOptions,
  ): Promise<string[]> {
    const registered = this.streams.require(stream);
    const ids = await this.publisherOf(registered).publishMany(registered.key, messages, options);
    for (const { delayMs } of messages) if (delayMs !== undefined) this.delayed.expect(registered, delayMs);
    return ids;
  }

  override async cancelDelayed(stream: string, id: string, options?: InSessionOptions): Promise<boolean> {
    const registered = this.streams.require(stream);
    return this.publisherOf(registered).cancelDelayed(registered.key, id, options);
  }

  private async prepareStream(stream: RegisteredStream): Promise<void> {
    try {
      await this.publisherOf(stream).prepare();
    } catch (error) {
      if (!(error instanceof InvalidOptionsError)) throw error;
      throw new InvalidOptionsError(`schema of stream "${stream.name}"`, error.faults);
    }
  }

  private publisherOf(stream: RegisteredStream): StreamPublisher {
    const known = this.byStream.get(stream.name);
    if (known) return known;
    const { connection, limits, schema, dedupeWindowMs } = stream;
    const publisher = new StreamPublisher(connection, { limits, dedupeWindowMs, ...(schema ? { schema } : {}) });
    this.byStream.set(stream.name, publisher);
    return publisher;
  }
}

import type { MessageMetadata } from '../message/message-metadata.js';
import { type OutgoingMessage, StreamPublisher } from '../message/stream-publisher.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import type { QueueStreams } from './queue-streams.js';

/**
 * What the application injects as `StreamPublisher`: takes the stream names of `forFeature`, and each stream's connection,
 * prefix and limits from there. Any other name is `UnknownStreamError`.
 */
export class RegisteredPublisher extends StreamPublisher {
  private readonly byStream = new Map<string, StreamPublisher>();

  constructor(
    connection: RedisConnection,
    private readonly streams: QueueStreams,
  ) {
    super(connection);
  }

  override async publish(stream: string, payload: object, metadata?: MessageMetadata): Promise<string> {
    return this.publisherOf(stream).publish(this.streams.require(stream).key, payload, metadata);
  }

  override async publishMany(stream: string, messages: readonly OutgoingMessage[]): Promise<string[]> {
    return this.publisherOf(stream).publishMany(this.streams.require(stream).key, messages);
  }

  private publisherOf(stream: string): StreamPublisher {
    const known = this.byStream.get(stream);
    if (known) return known;
    const { connection, limits } = this.streams.require(stream);
    const publisher = new StreamPublisher(connection, { limits });
    this.byStream.set(stream, publisher);
    return publisher;
  }
}

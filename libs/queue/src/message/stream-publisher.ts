import { appendAll, appendOne } from '../stream/append.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import { JsonCodec } from './json.codec.js';
import type { MessageMetadata } from './message-metadata.js';
import type { PayloadLimits } from './payload-limits.js';

export interface StreamPublisherOptions {
  /** Longest time for one publish, waiting for a connection included, in ms. Default: the connection's command timeout. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<PayloadLimits>;
}

/** One message of a batch. */
export interface OutgoingMessage extends MessageMetadata {
  readonly payload: object;
}

/** Writes messages to streams. Needs no group and creates none; the stream appears with its first message. */
export class StreamPublisher {
  private readonly codec: JsonCodec;

  constructor(
    private readonly connection: RedisConnection,
    private readonly options: StreamPublisherOptions = {},
  ) {
    this.codec = new JsonCodec(options.limits);
  }

  /**
   * Appends one message and returns its entry id.
   *
   * Nothing was written: `PayloadNotSerializableError`, `PayloadLimitError`, `RedisUnavailableError` (no connection in time),
   * `RedisReplyError` (refused, for example out of memory). Maybe written: `PublishOutcomeUnknownError`.
   */
  async publish(stream: string, payload: object, metadata?: MessageMetadata): Promise<string> {
    return appendOne(this.connection, stream, this.codec.encode(payload, metadata), this.options.timeoutMs);
  }

  /**
   * Appends messages in few writes, in order, and returns their entry ids. A payload that cannot be encoded fails the whole
   * batch before anything is sent; after that, `BatchPublishError` says what became of each.
   */
  async publishMany(stream: string, messages: readonly OutgoingMessage[]): Promise<string[]> {
    const texts = messages.map(({ payload, ...metadata }) => this.codec.encode(payload, metadata));
    return appendAll(this.connection, stream, texts, this.options.timeoutMs);
  }
}

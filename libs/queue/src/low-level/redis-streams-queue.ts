import { type MetricsRecorder, noMetrics } from '@safesync/core';
import { JsonCodec } from '../message/json.codec.js';
import { dataOf } from '../message/message.js';
import { QueueError } from '../queue.errors.js';
import { MESSAGES_ACKED, MESSAGES_CLAIMED, MESSAGES_READ, READ_LATENCY } from '../queue.metrics.js';
import { RedisConnection } from '../stream/redis-connection.js';
import { RedisStream } from '../stream/redis-stream.js';
import type { RedisInput } from '../stream/redis-target.js';
import type { StreamEntry } from '../stream/stream-entry.js';
import { QueueConfig, type QueueConfigInput } from './queue-config.js';
import type { QueueMessage } from './queue-message.js';

export interface QueueOptions {
  readonly metrics?: MetricsRecorder;
}

/**
 * One stream as one consumer of one group sees it, without any loop: enqueue, read, acknowledge, claim. Nothing is retried,
 * acknowledged or repaired behind the caller's back; every failure is a `QueueError`. For handlers with transactions,
 * redelivery and dead letters use `@StreamHandler()`.
 */
export class RedisStreamsQueue {
  private constructor(
    readonly config: QueueConfig,
    private readonly stream: RedisStream,
    private readonly codec: JsonCodec,
    private readonly metrics: MetricsRecorder,
    private readonly release: () => void,
  ) {}

  /**
   * Connects and creates stream and group unless they exist; a new group sees the whole history of the stream. A connection
   * of yours is shared and stays open; one made here from a URL or options ends with `close`.
   */
  static async create(
    redis: RedisInput | RedisConnection,
    config: QueueConfig | QueueConfigInput,
    options: QueueOptions = {},
  ): Promise<RedisStreamsQueue> {
    const checked = config instanceof QueueConfig ? config : new QueueConfig(config);
    const isShared = redis instanceof RedisConnection;
    const connection = isShared ? redis : new RedisConnection(redis);
    const stream = new RedisStream(connection, {
      stream: checked.streamKey,
      group: checked.consumerGroup,
      consumer: checked.consumerName,
    });
    const release = (): void => (isShared ? stream.close() : connection.close());
    try {
      await stream.ensureGroup('0-0');
    } catch (error) {
      release();
      throw new QueueError(
        `Failed to create consumer group "${checked.consumerGroup}" on stream "${checked.streamKey}".`,
        {
          code: 'GROUP_NOT_CREATED',
          remedy: 'See the cause.',
          cause: error,
        },
      );
    }
    return new RedisStreamsQueue(checked, stream, new JsonCodec(checked.limits), options.metrics ?? noMetrics, release);
  }

  /**
   * Appends any JSON value and returns the entry's id. A lost answer is `PublishOutcomeUnknownError`. Asks for no schema and no
   * session, as its ancestor: inside of a session it is out even if that rolls back.
   */
  async enqueue(payload: unknown): Promise<string> {
    return this.stream.add(this.codec.encodeValue(payload));
  }

  /** Appends values in few writes, in order. Nothing is sent when one cannot be encoded; else `BatchPublishError` tells. */
  async enqueueMany(payloads: readonly unknown[]): Promise<string[]> {
    return this.stream.addMany(payloads.map((payload) => this.codec.encodeValue(payload)));
  }

  /**
   * At most `count` messages that the group has not seen, waiting up to `blockMs` for the first. One call at a time. A message
   * that cannot be read fails the whole call, its neighbours then being pending under this consumer.
   */
  async read(blockMs: number, count = 1): Promise<QueueMessage[]> {
    if (blockMs === 0) throw invalid('block_ms cannot be 0; Redis interprets 0 as infinite blocking');
    requireInteger('blockMs', blockMs, 1);
    requireInteger('count', count, 1);
    const startedAt = performance.now();
    const messages = this.messagesOf(await this.stream.readNew(count, blockMs));
    const labels = { stream: this.config.streamKey };
    this.metrics.add(MESSAGES_READ, labels, messages.length);
    if (messages.length > 0) this.metrics.observe(READ_LATENCY, labels, (performance.now() - startedAt) / 1_000);
    return messages;
  }

  /** Ends a `read` in progress at once; it returns nothing. */
  interrupt(): void {
    this.stream.interrupt();
  }

  /** Acknowledges a message by its id, whoever holds it by now. True if it was pending; anything else is not an error. */
  async ack(message: Pick<QueueMessage, 'id'>): Promise<boolean> {
    const acknowledged = await this.stream.ackAnyway([message.id]);
    this.metrics.add(MESSAGES_ACKED, { stream: this.config.streamKey });
    return acknowledged > 0;
  }

  /**
   * Takes over at most `count` messages that have been unacknowledged for `minIdleMs`, whoever holds them. A message that
   * cannot be read fails the whole call, as in `read`.
   */
  async claimStale(minIdleMs: number, count = 10): Promise<QueueMessage[]> {
    requireInteger('minIdleMs', minIdleMs, 0);
    requireInteger('count', count, 0);
    if (count === 0) return [];
    const { entries } = await this.stream.claimIdle(minIdleMs, count, this.config.claimSkipOwnMessages);
    const messages = this.messagesOf(entries);
    if (messages.length > 0) this.metrics.add(MESSAGES_CLAIMED, { stream: this.config.streamKey }, messages.length);
    return messages;
  }

  /** Ends what `create` opened; unacknowledged messages stay pending. */
  close(): void {
    this.release();
  }

  private messagesOf(entries: readonly StreamEntry[]): QueueMessage[] {
    const { streamKey, consumerGroup } = this.config;
    return entries.map((entry) => ({
      stream: streamKey,
      group: consumerGroup,
      id: entry.id,
      payload: this.codec.decode(dataOf(entry)).payload,
    }));
  }
}

function requireInteger(name: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min) throw invalid(`${name} must be an integer >= ${min}`);
}

function invalid(fault: string): QueueError {
  return new QueueError(`${fault}.`, { code: 'INVALID_ARGUMENT', remedy: 'Correct the argument.' });
}

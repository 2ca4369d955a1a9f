import { OptionFaults } from '@safesync/core';
import { JsonCodec } from '../message/json.codec.js';
import type { PayloadLimits } from '../message/payload-limits.js';
import { appendAll, appendOne, appendScripted } from '../stream/append.js';
import { cancelDelayed } from '../stream/delayed.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import { type Append, planAppend } from '../stream/scripted-append.js';
import { refuseInSession } from './in-session.js';
import {
  checkDedupeWindow,
  checkTimeout,
  DEFAULT_DEDUPE_WINDOW_MS,
  hasTerms,
  type InSessionOptions,
  type OutgoingMessage,
  type PublishOptions,
  type PublishTerms,
} from './publish.options.js';
import { compileStreamSchema, type PayloadGuard, type StreamSchema } from './stream-schema.js';

export interface StreamPublisherOptions {
  /** Longest time for one publish, waiting for a connection included, in ms. Default: the connection's command timeout. */
  readonly timeoutMs?: number;
  readonly limits?: Partial<PayloadLimits>;
  /** What every payload must be; what the schema makes of it is published. Default: any object. */
  readonly schema?: StreamSchema;
  /** How long a dedupe key is known, in ms, from 1 000 to a year. Default 3 600 000 (an hour). */
  readonly dedupeWindowMs?: number;
}

/** Writes messages to streams. Needs no group and creates none; the stream appears with its first message. */
export class StreamPublisher {
  private readonly codec: JsonCodec;
  private readonly dedupeWindowMs: number;
  private guard: Promise<PayloadGuard> | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly options: StreamPublisherOptions = {},
  ) {
    this.codec = new JsonCodec(options.limits);
    this.dedupeWindowMs = options.dedupeWindowMs ?? DEFAULT_DEDUPE_WINDOW_MS;
    const faults = new OptionFaults('StreamPublisher');
    checkDedupeWindow(faults, 'dedupeWindowMs', this.dedupeWindowMs);
    checkTimeout(faults, options.timeoutMs);
    faults.throwIfAny();
  }

  /**
   * Appends one message and returns its entry id: that of the first with the same `dedupeKey`, if there was one; with
   * `delayMs` an id for `cancelDelayed` instead.
   *
   * Nothing was written: `PublishInSessionError`, `PublishPayloadInvalidError`, `PayloadNotSerializableError`,
   * `PayloadLimitError`, `InvalidOptionsError`, `RedisUnavailableError` (no connection in time, or too much waits for one or for answers),
   * `RedisReplyError` (refused, for example out of memory). Maybe written: `PublishOutcomeUnknownError`.
   */
  async publish(stream: string, payload: object, options: PublishOptions = NOTHING): Promise<string> {
    refuseInSession(`A publish to stream "${stream}"`, stream, options);
    const { schema, timeoutMs } = this.options;
    const passed = schema === undefined ? payload : await this.passed(stream, schema, payload);
    const append = this.plan(stream, this.codec.encode(passed, options), options);
    return typeof append === 'string'
      ? appendOne(this.connection, stream, append, timeoutMs)
      : appendScripted(this.connection, stream, append, timeoutMs);
  }

  /**
   * Appends messages in few writes, in order, and returns their ids, as `publish` does. A message that cannot be published
   * fails the whole batch before anything is sent; after that, `BatchPublishError` says what became of each.
   */
  async publishMany(
    stream: string,
    messages: readonly OutgoingMessage[],
    options: InSessionOptions = NOTHING,
  ): Promise<string[]> {
    refuseInSession(`A publish to stream "${stream}"`, stream, options);
    const { schema, timeoutMs } = this.options;
    const appends: Append[] = [];
    for (const { payload, ...terms } of messages) {
      const passed = schema === undefined ? payload : await this.passed(stream, schema, payload);
      appends.push(this.plan(stream, this.codec.encode(passed, terms), terms));
    }
    return appendAll(this.connection, stream, appends, timeoutMs);
  }

  /**
   * Takes a delayed message back by the id that `publish` returned. True when it was still waiting: it will not be in the
   * stream. A lost answer is `RedisConnectionLostError`; cancelling may be repeated. Its dedupe key stays taken. Inside of an open
   * session it is `PublishInSessionError`, as a publish is: a rollback would not bring the message back.
   */
  async cancelDelayed(stream: string, id: string, options: InSessionOptions = NOTHING): Promise<boolean> {
    refuseInSession(`Cancelling a delayed message of stream "${stream}"`, stream, options);
    return cancelDelayed(this.connection, stream, id, this.options.timeoutMs);
  }

  /** Prepares the schema, which the first publish does otherwise. Throws `InvalidOptionsError` when it cannot be used. */
  async prepare(): Promise<void> {
    if (this.options.schema !== undefined) await this.guardOf(this.options.schema);
  }

  private guardOf(schema: StreamSchema): Promise<PayloadGuard> {
    this.guard ??= compileStreamSchema(schema);
    return this.guard;
  }

  private async passed(stream: string, schema: StreamSchema, payload: object): Promise<object> {
    return (await this.guardOf(schema))(stream, payload);
  }

  private plan(stream: string, data: string, terms: PublishTerms): Append {
    if (!hasTerms(terms)) return data;
    return planAppend(stream, data, { ...terms, dedupeWindowMs: this.dedupeWindowMs });
  }
}

const NOTHING: PublishOptions = Object.freeze({});

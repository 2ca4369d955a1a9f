import { SafeSyncError, type SafeSyncErrorDetails } from '@safesync/core';

/** Root of what this library throws; catch it to catch them all. */
export class QueueError extends SafeSyncError {
  constructor(what: string, details: Partial<SafeSyncErrorDetails> = {}) {
    super(what, {
      code: details.code ?? 'QUEUE_ERROR',
      remedy: details.remedy ?? 'See the cause.',
      cause: details.cause,
    });
  }
}

/** No connection to Redis within the deadline. The command was not sent. */
export class RedisUnavailableError extends QueueError {
  constructor(what: string, cause?: unknown) {
    super(what, {
      code: 'REDIS_UNAVAILABLE',
      remedy: 'Check that Redis runs and is reachable; the library keeps reconnecting by itself.',
      cause,
    });
  }
}

/** The connection ended, or did not answer in time, after the command was sent: Redis may or may not have executed it. */
export class RedisConnectionLostError extends QueueError {
  constructor(what: string, cause?: unknown) {
    super(what, {
      code: 'REDIS_CONNECTION_LOST',
      remedy: 'The command may have been executed; repeat it only if it is idempotent.',
      cause,
    });
  }
}

/** The connection was closed by this application. */
export class RedisClosedError extends QueueError {
  constructor(what: string) {
    super(what, {
      code: 'REDIS_CLOSED',
      remedy: 'Do not use a connection, stream or publisher after its module was closed.',
    });
  }
}

/** Redis refused the command. `replyCode` is the first word of its answer: `OOM`, `NOPERM`, `WRONGTYPE`, `ERR`, ... */
export class RedisReplyError extends QueueError {
  constructor(
    command: string,
    readonly replyCode: string,
    answer: string,
    remedy: string,
  ) {
    super(`Redis refused ${command}: ${answer}.`, { code: 'REDIS_REPLY', remedy });
  }
}

/** The stream or its consumer group does not exist (any more): deleted, flushed, or lost in a failover. */
export class GroupMissingError extends QueueError {
  constructor(command: string, answer: string) {
    super(`Redis refused ${command}: ${answer}.`, {
      code: 'GROUP_MISSING',
      remedy: 'Create the group again (ensureGroup); a running consumer does it by itself.',
    });
  }
}

/** Redis answered with a shape that the command cannot have: the connection is out of step and was replaced. */
export class UnexpectedReplyError extends QueueError {
  constructor(command: string, expected: string) {
    super(`Redis answered ${command} with something else than ${expected}.`, {
      code: 'UNEXPECTED_REPLY',
      remedy: 'Check for a proxy between the application and Redis that changes replies.',
    });
  }
}

/** The answer to a publish was lost: the message is in the stream once, or not at all. Only one with a dedupe key was repeated. */
export class PublishOutcomeUnknownError extends QueueError {
  constructor(
    readonly stream: string,
    cause: unknown,
  ) {
    super(`The answer to a publish to stream "${stream}" was lost.`, {
      code: 'PUBLISH_OUTCOME_UNKNOWN',
      remedy: 'Publish again with the same dedupeKey if it had one; else only if its handlers tolerate a duplicate.',
      cause,
    });
  }
}

/** What became of one message of a batch. */
export type PublishResult = { readonly entryId: string } | { readonly error: QueueError };

/** At least one message of a batch was not published, or not known to be. `results` follows the order of the batch. */
export class BatchPublishError extends QueueError {
  constructor(
    readonly stream: string,
    readonly results: readonly PublishResult[],
  ) {
    const failed = results.filter((result) => 'error' in result).length;
    super(`${failed} of ${results.length} messages were not confirmed by stream "${stream}".`, {
      code: 'BATCH_PUBLISH',
      remedy:
        'Look at results: an entryId was published, a PublishOutcomeUnknownError may have been, any other error was not.',
      cause: results
        .map((result) => ('error' in result ? result.error : undefined))
        .find((error) => error !== undefined),
    });
  }
}

/** A payload that JSON would lose or change. `path` names the place, `$` being the payload. */
export class PayloadNotSerializableError extends QueueError {
  constructor(
    readonly path: string,
    fault: string,
  ) {
    super(`Payload is not JSON-serializable: ${path} ${fault}.`, {
      code: 'PAYLOAD_NOT_SERIALIZABLE',
      remedy: 'Publish plain objects, arrays, strings, finite numbers, bigints, booleans and null.',
    });
  }
}

/** A payload over one of the limits (bytes, depth, keys of one object). */
export class PayloadLimitError extends QueueError {
  constructor(fault: string) {
    super(`Payload is over a limit: ${fault}.`, {
      code: 'PAYLOAD_LIMIT',
      remedy: 'Store the bulk elsewhere and send its key, or raise the limit for this stream.',
    });
  }
}

/** An entry that is not exactly one field `data`. */
export class MessageFormatError extends QueueError {
  constructor(entryId: string, fault: string) {
    super(`Invalid stream entry format: entry ${entryId} ${fault}.`, {
      code: 'MESSAGE_FORMAT',
      remedy: 'Producers must write exactly one field, data, holding JSON.',
    });
  }
}

/** An entry whose field `data` is not acceptable JSON. */
export class MessageDecodeError extends QueueError {
  constructor(fault: string) {
    super(`Failed to decode message payload: ${fault}.`, {
      code: 'MESSAGE_DECODE',
      remedy: 'Producers must write UTF-8 JSON without NaN and Infinity, within the limits of the stream.',
    });
  }
}

/** Thrown by a handler to say that trying again cannot help: the message goes to the dead-letter stream at once. */
export class NonRetryableError extends QueueError {
  constructor(what: string, cause?: unknown) {
    super(what, {
      code: 'NON_RETRYABLE',
      remedy: 'Correct the message or the handler, then replay the dead letter.',
      cause,
    });
  }
}

import { QueueError } from '../queue.errors.js';

/** A payload that the stream's schema refuses: nothing was sent. Names the paths, never the values. */
export class PublishPayloadInvalidError extends QueueError {
  constructor(
    readonly stream: string,
    /** One line per fault: a path, and what it breaks where the validator says so in a word. */
    readonly faults: readonly string[],
    cause?: unknown,
  ) {
    super(`The payload is not what the schema of stream "${stream}" declares: ${faults.join('; ')}.`, {
      code: 'PUBLISH_PAYLOAD_INVALID',
      remedy: 'Correct the payload, or the schema in forFeature.',
      cause,
    });
  }
}

/**
 * A publish, a replay, or a message that is taken back, inside of a session that is still open: it would stay done although the
 * transaction may roll back. Nothing was done.
 */
export class PublishInSessionError extends QueueError {
  constructor(
    what: string,
    readonly stream: string,
  ) {
    super(`${what} inside of an open session: it cannot be undone if that rolls back.`, {
      code: 'PUBLISH_IN_SESSION',
      remedy:
        'To publish use outbox.publish(session, ...) of @safesync/outbox; do anything else in session.afterCommit; or pass { evenInSession: true } if it may be done although the transaction rolls back.',
    });
  }
}

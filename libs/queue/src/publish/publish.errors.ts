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

/** A publish inside of a session that is still open: the message would be out although the transaction may roll back. */
export class PublishInSessionError extends QueueError {
  constructor(readonly stream: string) {
    super(`A publish to stream "${stream}" inside of an open session: it cannot be taken back if that rolls back.`, {
      code: 'PUBLISH_IN_SESSION',
      remedy:
        'Use outbox.publish(session, ...) of @safesync/outbox, or pass { evenInSession: true } for a message that may go out although the transaction rolls back.',
    });
  }
}

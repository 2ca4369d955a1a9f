import { SafeSyncError, type SafeSyncErrorDetails } from '@safesync/core';

/** Root of what the outbox throws by itself; catch it to catch them all. */
export class OutboxError extends SafeSyncError {
  protected constructor(what: string, details: SafeSyncErrorDetails) {
    super(what, details);
  }
}

/** What was given to `publish` is no session, or one of another database: its message would not be part of the transaction. */
export class OutboxSessionError extends OutboxError {
  constructor(fault: string) {
    super(`The outbox was given ${fault} instead of an open session of its database; nothing was written.`, {
      code: 'OUTBOX_SESSION',
      remedy: 'Pass the session of sessions.run() or of the handler, and inject the outbox of the same database.',
    });
  }
}

/** An option of a message that cannot be meant; nothing was written. */
export class OutboxMessageError extends OutboxError {
  constructor(fault: string) {
    super(`A message for the outbox was refused: ${fault}.`, {
      code: 'OUTBOX_MESSAGE',
      remedy: 'Give id, key and headers as texts and delayMs as whole milliseconds, or leave them out.',
    });
  }
}

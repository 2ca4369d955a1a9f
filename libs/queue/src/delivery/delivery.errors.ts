import { QueueError } from '../queue.errors.js';

/** The entry was delivered more often than allowed and no delivery ever ended: whoever had it died. The handler is not run. */
export class DeliveriesExhaustedError extends QueueError {
  constructor(deliveryCount: number, maxDeliveries: number) {
    super(
      `This is delivery ${deliveryCount} of at most ${maxDeliveries}; the consumers before never came to an end with it.`,
      {
        code: 'DELIVERIES_EXHAUSTED',
        remedy: 'Look for what ends the process in its handler (memory, process.exit), then replay the dead letter.',
      },
    );
  }
}

/** Another consumer holds the entry now; the transaction was rolled back. */
export class LeaseLostError extends QueueError {
  constructor(entryId: string) {
    super(`Entry ${entryId} was claimed by another consumer while its handler ran.`, {
      code: 'LEASE_LOST',
      remedy: 'Keep the event loop free, or raise livenessMs and claimIdleMs above the longest pause.',
    });
  }
}

/** The consumer stops and its time to drain is over; the transaction was rolled back and the message given back. */
export class ConsumerStoppingError extends QueueError {
  constructor(entryId: string) {
    super(`Entry ${entryId} was given back while its handler ran: the consumer is stopping.`, {
      code: 'CONSUMER_STOPPING',
      remedy: 'Raise drainMs above what the handler takes, or end the handler when its signal aborts.',
    });
  }
}

/** Another transaction was doing the same message for longer than `lockWaitMs`. It is asked again, and no delivery is counted. */
export class InboxBusyError extends QueueError {
  constructor(entryId: string, cause: unknown) {
    super(`The message of entry ${entryId} is being done by another transaction.`, {
      code: 'INBOX_BUSY',
      remedy: 'Nothing: the message waits for the other one to end. Shorten the handler if that takes long.',
      cause,
    });
  }
}

/**
 * The message is older than what the inbox remembers and was delivered before, so nothing can tell whether it was done: running it
 * might double its effect. The handler is not run.
 */
export class InboxRetentionError extends QueueError {
  constructor(entryId: string, retentionMs: number) {
    super(`Entry ${entryId} was delivered before and is older than the ${retentionMs} ms that the inbox remembers.`, {
      code: 'INBOX_RETENTION',
      remedy:
        'Look whether its effect is there, then replay or discard the dead letter; raise the retention of the inbox.',
    });
  }
}

/** Stands for a thrown value that throws itself when it is looked at. */
export class UnreadableThrowError extends QueueError {
  constructor() {
    super('The thrown value cannot be looked at: a getter or proxy trap of it throws.', {
      code: 'UNREADABLE_THROW',
      remedy: 'Throw plain errors.',
    });
  }
}

import { QueueError } from '../queue.errors.js';

/** A method marked with `@StreamHandler` that cannot be one; thrown at boot (or at decoration), naming class and method. */
export class HandlerRefusedError extends QueueError {
  constructor(
    /** `Class.method`. */
    readonly handler: string,
    fact: string,
    remedy: string,
  ) {
    super(`@StreamHandler ${handler} ${fact}.`, { code: 'HANDLER_REFUSED', remedy });
  }
}

/** A payload that the declared class, schema or a pipe refused. Names the paths, never the values. */
export class PayloadInvalidError extends QueueError {
  constructor(
    /** One line per fault: a path, and what it breaks where the validator says so in a word. */
    readonly faults: readonly string[],
    cause?: unknown,
  ) {
    super(`The payload is not what the handler declares: ${faults.join('; ') || 'refused by a pipe'}.`, {
      code: 'PAYLOAD_INVALID',
      remedy: 'Correct the producer, or the class or schema of the handler, and replay the dead letter.',
      cause,
    });
  }
}

/** The handler's body never completed, although Nest's chain around it resolved: nothing of it may be committed. */
export class HandlerNotCompletedError extends QueueError {
  constructor(readonly handler: string) {
    super(`${handler} did not complete: an interceptor answered in its place or a filter swallowed its error.`, {
      code: 'HANDLER_NOT_COMPLETED',
      remedy:
        'Let the error pass, or return context.ack(), context.retry() or context.deadLetter() to decide on purpose.',
    });
  }
}

/** An interceptor ran the handler twice for one delivery, which would repeat its work inside one transaction. */
export class HandlerRepeatedError extends QueueError {
  constructor(readonly handler: string) {
    super(`${handler} was run twice for one delivery, by an interceptor.`, {
      code: 'HANDLER_REPEATED',
      remedy: 'Do not retry in an interceptor: let the error pass, the consumer retries in a new transaction.',
    });
  }
}

/** A batch handler returned outcomes that cannot be told apart: not one for each message. Nothing was committed. */
export class BatchOutcomesError extends QueueError {
  constructor(
    readonly handler: string,
    outcomes: number,
    messages: number,
  ) {
    super(`${handler} returned ${outcomes} outcomes for ${messages} messages.`, {
      code: 'BATCH_OUTCOMES',
      remedy: 'Return one outcome for each message in the order given, undefined for those that are done.',
    });
  }
}

import { OptionFaults } from '@safesync/core';
import type { DbSession } from '@safesync/db';
import { type DeliveryOutcome, deliveryOutcome } from './delivery-outcome.js';

/** What a handler may know about, and decide on, the delivery it is running for. */
export class DeliveryContext {
  constructor(
    private readonly session: Pick<DbSession, 'signal'>,
    /** How often Redis has delivered this message, this time included; survives crashes. */
    readonly deliveryCount: number,
    /** How often this process has started the handler for this message, this time included. */
    readonly attempt: number,
    private readonly renew: () => Promise<boolean>,
  ) {}

  /**
   * Aborts when the message must not be finished: shutdown ran out of time, `handlerTimeoutMs` passed, the lease or the
   * connection was lost. The same as the session's.
   */
  get signal(): AbortSignal {
    // made at first sight: most handlers never look, and a signal is not cheap
    return this.session.signal;
  }

  /**
   * Renews the lease now: nobody claims the message for another `claimIdleMs`. The consumer does this by itself; call it before
   * an effect outside the database. False: the message belongs to another consumer, stop; the transaction will not commit.
   */
  heartbeat(): Promise<boolean> {
    return this.renew();
  }

  /** Done with this message. Same as returning nothing; in an exception filter: roll back and drop the message on purpose. */
  ack(): DeliveryOutcome {
    return deliveryOutcome({ kind: 'acknowledge' });
  }

  /**
   * Roll back and deliver again after `delayMs` (default: the handler's backoff). Counts towards `maxDeliveries`. Throws
   * `InvalidOptionsError` for a delay that is no time.
   */
  retry(options: { readonly delayMs?: number } = {}): DeliveryOutcome {
    const { delayMs = 0 } = options;
    new OptionFaults('context.retry()')
      .require(Number.isFinite(delayMs) && delayMs >= 0, 'delayMs must be a number of ms >= 0')
      .throwIfAny();
    return deliveryOutcome({ kind: 'retry', ...options });
  }

  /** Roll back and move the message to the dead-letter stream; `reason` is written there as given, `requested` when empty. */
  deadLetter(reason: string): DeliveryOutcome {
    return deliveryOutcome({
      kind: 'deadLetter',
      reason: typeof reason === 'string' && reason !== '' ? reason : 'requested',
    });
  }
}

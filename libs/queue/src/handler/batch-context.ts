import type { DbSession } from '@safesync/db';
import { DeliveryContext } from './delivery-context.js';

/**
 * What a batch handler may know about its batch, and how it decides. An outcome that is returned alone is for all messages;
 * `message.deliveryCount` says how often each was delivered.
 */
export class BatchContext extends DeliveryContext {
  constructor(
    session: Pick<DbSession, 'signal'>,
    /** Of the message that was delivered most often, and of the one tried most often here. */
    most: { readonly deliveryCount: number; readonly attempt: number },
    /** Messages of this run: those of the batch, or a part of it after a failure. */
    readonly size: number,
    renew: () => Promise<boolean>,
  ) {
    super(session, most.deliveryCount, most.attempt, renew);
  }
}

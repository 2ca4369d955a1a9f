import { isInSession } from '@safesync/db';
import { PublishInSessionError } from './publish.errors.js';
import type { InSessionOptions } from './publish.options.js';

/** Throws `PublishInSessionError` inside of an open session, unless it is asked for even there. `what` begins its message. */
export function refuseInSession(what: string, stream: string, { evenInSession }: InSessionOptions): void {
  if (evenInSession !== true && isInSession()) throw new PublishInSessionError(what, stream);
}

import type { DeadLetterCause, DeliveryDecision } from './delivery-policy.js';
import type { HeldEntry } from './held-entry.js';

/** What a consumer can do with an entry whose delivery did not end in a commit. */
export interface DecisionActions {
  /** Acknowledges it without a commit: somebody asked to drop it. */
  acknowledge(held: HeldEntry): void;
  /** Delivers it again after `afterMs`, counted. */
  retryAfter(held: HeldEntry, afterMs: number): void;
  /** Moves it to the dead letters and acknowledges it, both or neither. */
  deadLetter(held: HeldEntry, cause: DeadLetterCause, reason: string): Promise<void>;
  /** Delivers it again, not counted, when the database answers. */
  awaitDatabase(held: HeldEntry): void;
  /** Lets any consumer have it at once, this delivery not counted. */
  giveBack(held: HeldEntry): Promise<void>;
  /** Forgets it: another consumer holds it. */
  letGo(held: HeldEntry): void;
}

/** The one place where decisions become actions; a new kind of decision does not compile until it is performed here. */
export async function performDecision(
  decision: DeliveryDecision,
  held: HeldEntry,
  actions: DecisionActions,
): Promise<void> {
  switch (decision.kind) {
    case 'acknowledge':
      return actions.acknowledge(held);
    case 'retry':
      return actions.retryAfter(held, decision.afterMs);
    case 'deadLetter':
      return actions.deadLetter(held, decision.cause, decision.reason);
    case 'awaitDatabase':
      return actions.awaitDatabase(held);
    case 'giveBack':
      return actions.giveBack(held);
    case 'letGo':
      return actions.letGo(held);
    default:
      return decision satisfies never;
  }
}

import type { DecisionActions } from '../../delivery/delivery-decision.js';
import type { DeadLetterCause } from '../../delivery/delivery-policy.js';
import type { HeldEntry } from '../../delivery/held-entry.js';
import type { DeliveryActions } from '../delivery-actions.js';
import type { HeldEntries } from '../held-entries.js';
import type { KeyBlocks } from './key-blocks.js';
import type { KeyOrder } from './key-order.js';

export interface OrderedActionsParts {
  readonly actions: DeliveryActions;
  readonly order: KeyOrder;
  readonly blocks: KeyBlocks;
  readonly held: HeldEntries;
  /** Given up means blocked, not moved away. */
  readonly parks: boolean;
}

/** What becomes of entries whose delivery did not end in a commit, where those behind them have to wait or not. */
export class OrderedActions implements DecisionActions {
  constructor(private readonly parts: OrderedActionsParts) {}

  acknowledge(held: HeldEntry): void {
    this.parts.actions.acknowledge(held);
    this.parts.order.settled(held);
  }

  retryAfter(held: HeldEntry, afterMs: number): void {
    // whoever is active now has it
    if (this.parts.held.get(held.id) !== held) return;
    this.parts.actions.retryAfter(held, afterMs);
    this.parts.order.failed(held);
  }

  /** A handler that asks for a dead letter gets it: it has decided to go on. */
  async deadLetter(held: HeldEntry, cause: DeadLetterCause, reason: string): Promise<void> {
    const { actions, blocks, parks, held: all } = this.parts;
    if (all.get(held.id) !== held) return;
    if (parks && held.key !== undefined && cause !== 'requested') {
      await blocks.park(held, held.key, { kind: 'deadLetter', cause, reason });
    } else await actions.deadLetter(held, cause, reason);
  }

  awaitDatabase(held: HeldEntry): void {
    this.parts.actions.awaitDatabase(held);
  }

  giveBack(held: HeldEntry): Promise<void> {
    return this.parts.actions.giveBack(held);
  }

  letGo(held: HeldEntry): void {
    this.parts.actions.letGo(held);
  }
}

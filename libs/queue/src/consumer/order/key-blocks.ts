import {
  type BackgroundLogger,
  type BackoffOptions,
  ConditionLog,
  equalJitter,
  isSafeSyncError,
  type MetricsRecorder,
  sleep,
} from '@safesync/core';
import type { DeliveryDecision } from '../../delivery/delivery-policy.js';
import { describeError, describeSummary } from '../../delivery/error-summary.js';
import type { HeldEntry } from '../../delivery/held-entry.js';
import { BLOCKED_KEYS, MESSAGES_PARKED } from '../../queue.metrics.js';
import type { LeadAnswer, OrderedGroup, UnblockedHead } from '../../stream/ordered-group.js';
import type { DeliveryActions } from '../delivery-actions.js';
import type { HeldEntries } from '../held-entries.js';
import { type KeyMark, readMark } from './blocked-key.js';
import type { KeyOrder } from './key-order.js';

export interface KeyBlocksParts {
  readonly group: Pick<OrderedGroup, 'park' | 'unblock' | 'marks'>;
  readonly stream: { readonly stream: string; readonly group: string };
  readonly held: HeldEntries;
  readonly order: KeyOrder;
  readonly actions: DeliveryActions;
  readonly retry: BackoffOptions;
  /** Everything that was pending at the begin of the term is held. */
  readonly isTakenOver: () => boolean;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
  readonly signal: AbortSignal;
}

type GivenUp = Extract<DeliveryDecision, { kind: 'deadLetter' }>;

/** The keys that are blocked, as Redis remembers them and as the lanes do. */
export class KeyBlocks {
  private readonly marks = new Map<string, KeyMark>();
  private isUnblocking = false;
  private readonly condition: ConditionLog;
  private readonly subject: string;

  constructor(private readonly parts: KeyBlocksParts) {
    this.subject = `stream "${parts.stream.stream}", group "${parts.stream.group}"`;
    this.condition = new ConditionLog(parts.logger, `Blocked keys of ${this.subject}`);
  }

  get count(): number {
    return this.marks.size;
  }

  /** Messages known to wait behind the one that blocks `key`. */
  waitingBehind(key: string): number {
    return Math.max(0, this.parts.order.lanes.waiting(key).length - 1);
  }

  /** At the begin of a term: what was blocked stays so. */
  async load(): Promise<void> {
    const marks = await this.parts.group.marks();
    for (const [key, text] of marks) this.remember(key, readMark(text));
  }

  clear(): void {
    this.marks.clear();
    this.gauge();
  }

  /** Blocks the key of a message that is given up; it and its successors stay pending. */
  async park(held: HeldEntry, key: string, { cause, reason }: GivenUp): Promise<void> {
    const { held: all, order } = this.parts;
    const mark: KeyMark = {
      entryId: held.id,
      reason,
      cause,
      error: held.history.at(-1)?.error ?? { name: 'Error', message: '' },
      deliveries: held.deliveryCount,
      since: new Date().toISOString(),
    };
    held.isSuspect = false;
    all.dropContent(held);
    held.state = 'waiting';
    order.block(key);
    if (!(await this.write(held, key, mark))) void this.repeat(held, key, mark);
  }

  /** Does what somebody asked for; what cannot be done yet is asked for again by the next look. */
  async answer(requests: LeadAnswer['requests']): Promise<void> {
    if (this.isUnblocking) return;
    this.isUnblocking = true;
    try {
      for (const { key, head } of requests) await this.unblock(key, head);
      this.condition.ended('can be unblocked again');
    } catch (error) {
      this.condition.began(describeError(error), 'cannot be unblocked, repeating');
    } finally {
      this.isUnblocking = false;
    }
  }

  private async unblock(key: string, how: UnblockedHead): Promise<void> {
    const { held: all, isTakenOver } = this.parts;
    const mark = this.marks.get(key);
    const head = mark && all.get(mark.entryId);
    if (!head) {
      // gone, or not taken over yet
      if (isTakenOver()) await this.open(key, mark, how);
    } else if (how === 'retry') await this.open(key, mark, how, head);
    else if (await this.moveAway(head, mark)) await this.open(key, mark, how);
  }

  private async open(key: string, mark: KeyMark | undefined, how: UnblockedHead, head?: HeldEntry): Promise<void> {
    const { group, held: all, order, logger } = this.parts;
    if (!(await group.unblock(key, head?.id ?? ''))) return;
    if (head && all.get(head.id) === head) startOver(head);
    this.marks.delete(key);
    this.gauge();
    const what = how === 'deadLetter' ? 'its message was moved to the dead letters' : 'its message runs again';
    logger.log(`A key of ${this.subject} is unblocked (entry ${mark?.entryId ?? 'unknown'}): ${what}.`);
    order.unblock(key);
  }

  /** True when the message that blocked its key is gone. */
  private async moveAway(head: HeldEntry, mark: KeyMark): Promise<boolean> {
    const { held: all, order, actions } = this.parts;
    const isGone = (): boolean => all.get(head.id) !== head;
    // its letter is being written, again and again
    if (head.isLetterWanted) return false;
    if (!(await order.fetch(head, false))) return isGone();
    if (head.history.length === 0) head.remember(mark.error, '');
    head.isLetterWanted = true;
    await actions.deadLetter(head, mark.cause, mark.reason);
    return isGone();
  }

  /** False when Redis did not take the mark: then it has to be repeated. */
  private async write(held: HeldEntry, key: string, mark: KeyMark): Promise<boolean> {
    const { group, order, actions, metrics, logger, stream } = this.parts;
    try {
      const outcome = await group.park(held, key, JSON.stringify(mark));
      this.condition.ended('are written again');
      if (this.parts.held.get(held.id) !== held) return true;
      if (outcome === 'done') {
        this.remember(key, mark);
        metrics.add(MESSAGES_PARKED, { stream: stream.stream, group: stream.group, cause: mark.cause });
        const fact = `given up: ${mark.cause} (${describeSummary(mark.error)}); the messages of its key wait until the key is unblocked`;
        logger.error(`Entry ${held.id} of ${this.subject} (delivery ${held.deliveryCount}) ${fact}.`);
      } else {
        actions.letGo(held);
        order.unblock(key);
      }
      return true;
    } catch (error) {
      this.condition.began(describeError(error), 'cannot be written, repeating; their messages wait');
      return isSafeSyncError(error, 'REDIS_CLOSED');
    }
  }

  private async repeat(held: HeldEntry, key: string, mark: KeyMark): Promise<void> {
    const { retry, signal, held: all } = this.parts;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await sleep(equalJitter(retry, attempt), signal);
      if (signal.aborted || all.get(held.id) !== held || (await this.write(held, key, mark))) return;
    }
  }

  private remember(key: string, mark: KeyMark): void {
    this.marks.set(key, mark);
    this.parts.order.block(key);
    this.gauge();
  }

  private gauge(): void {
    const { metrics, stream } = this.parts;
    metrics.set(BLOCKED_KEYS, { stream: stream.stream, group: stream.group }, this.marks.size);
  }
}

/** A fresh round of deliveries. */
function startOver(head: HeldEntry): void {
  head.isCounted = false;
  head.history.length = 0;
  head.redelivered({ id: head.id, deliveryCount: 0, fields: null });
}

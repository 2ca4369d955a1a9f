import { type BackgroundLogger, isSafeSyncError, type MetricsRecorder } from '@safesync/core';
import type { AckBatch } from '../delivery/ack-batch.js';
import type { HeldEntry } from '../delivery/held-entry.js';
import { MESSAGES_LOST, RETRIES } from '../queue.metrics.js';
import type { ClaimResult } from '../stream/claim.js';
import type { OwnPending, RedisStream } from '../stream/redis-stream.js';
import type { StreamEntry } from '../stream/stream-entry.js';
import type { DeliveryActions } from './delivery-actions.js';
import type { DeliverySlots } from './delivery-slots.js';
import type { HeldEntries } from './held-entries.js';

/** Claims at most one suspect and hands the result over before anything else is asked of Redis. Never rejects. */
export type SuspectClaim = (take: (result: ClaimResult) => void) => Promise<void>;

export interface EntryIntakeParts {
  readonly stream: RedisStream;
  readonly held: HeldEntries;
  readonly slots: DeliverySlots;
  readonly acks: Pick<AckBatch, 'add'>;
  readonly actions: Pick<DeliveryActions, 'giveBack' | 'letGo'>;
  /** Deliveries without an end that make an entry a suspect; 0: nothing is ever one. */
  readonly suspectAfter: number;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
  /** Aborts when the consumer stops: what arrives later is given back. */
  readonly signal: AbortSignal;
  /** Starts a new entry when it is its turn; only where the handler orders. */
  readonly admit: ((held: HeldEntry) => void) | undefined;
  /** An entry that has run is pending and not held. */
  readonly onStray: () => void;
}

/** Where entries become held: fresh ones, own pending ones, claimed ones and retried ones meet here and go to the slots. */
export class EntryIntake {
  private isRunningSuspects = false;

  constructor(private readonly parts: EntryIntakeParts) {}

  /** Fresh entries. */
  readonly take = (entries: readonly StreamEntry[]): void => {
    for (const entry of entries) void this.hold(entry, false);
  };

  /** Own pending entries; resolves when the next may be read: a suspect has to come to its end first, or to that of its time alone. */
  readonly takeBack = async (pending: OwnPending): Promise<void> => {
    this.reportTrimmed(pending.trimmed);
    await Promise.all(pending.entries.map(async (entry) => this.hold(entry, this.isSuspect(entry))));
  };

  /** Claimed entries. */
  readonly takeClaimed = (result: ClaimResult): void => {
    this.reportTrimmed(result.trimmed);
    for (const entry of result.entries) void this.hold(entry, false);
  };

  /** Claims and runs suspects, each alone, until none is left. One such run at a time. */
  readonly runSuspects = (claim: SuspectClaim): void => {
    if (this.isRunningSuspects) return;
    this.isRunningSuspects = true;
    void this.claimSuspects(claim).finally(() => {
      this.isRunningSuspects = false;
    });
  };

  /** Has Redis deliver a held entry once more and starts it. */
  readonly redeliver = async (held: HeldEntry): Promise<void> => {
    const { stream, metrics, actions, slots, held: all, onStray } = this.parts;
    try {
      const answer = await stream.reclaim(held);
      if (answer === 'notMine' || answer === 'notPending') return actions.letGo(held);
      if (answer.fields === null) return this.loseTrimmed(held);
      metrics.add(RETRIES, { stream: stream.stream, group: stream.group });
      all.redelivered(held, answer);
      slots.add(held);
    } catch (error) {
      if (!isSafeSyncError(error, 'REDIS_CONNECTION_LOST')) throw error;
      // it may have been delivered to this consumer without our knowing the new count
      all.release(held);
      onStray();
    }
  };

  /** Starts an entry that is held already. */
  readonly start = (held: HeldEntry): Promise<void> | undefined => {
    const { slots, signal } = this.parts;
    if (held.isSuspect) return slots.exclusively(() => slots.runAlone(held), signal);
    slots.addFirst(held);
    return undefined;
  };

  private hold(entry: StreamEntry, isSuspect: boolean): Promise<void> | undefined {
    const { held: all, acks, actions, slots, signal, admit } = this.parts;
    const known = all.get(entry.id);
    if (known) {
      // the group was created again and delivers what is in progress here once more
      all.redelivered(known, entry);
      if (known.state === 'shelved') all.dropContent(known);
      if (known.state === 'committed') acks.add(known);
      return undefined;
    }
    const held = all.hold(entry, isSuspect);
    if (signal.aborted) return actions.giveBack(held);
    if (isSuspect) return this.start(held);
    if (admit) admit(held);
    else slots.add(held);
    return undefined;
  }

  private async claimSuspects(claim: SuspectClaim): Promise<void> {
    const { slots, signal } = this.parts;
    for (let isMore = true; isMore && !signal.aborted; ) {
      isMore = false;
      await slots.exclusively(async () => {
        let suspect: HeldEntry | undefined;
        await claim((result) => {
          isMore = result.suspectsLeft > 0 && result.entries.length > 0;
          suspect = this.holdSuspect(result);
        });
        if (suspect) await (signal.aborted ? this.parts.actions.giveBack(suspect) : slots.runAlone(suspect));
      }, signal);
    }
  }

  /** The claimed suspect; entries that are none become ready. */
  private holdSuspect(result: ClaimResult): HeldEntry | undefined {
    const [suspect] = result.entries;
    if (result.isSuspect && suspect) return this.parts.held.hold(suspect, true);
    this.takeClaimed(result);
    return undefined;
  }

  private isSuspect({ deliveryCount }: StreamEntry): boolean {
    const { suspectAfter } = this.parts;
    return suspectAfter > 0 && deliveryCount > suspectAfter;
  }

  private loseTrimmed(held: HeldEntry): void {
    this.parts.held.release(held);
    this.reportTrimmed([held.id]);
  }

  reportTrimmed(ids: readonly string[]): void {
    const { stream, metrics, logger } = this.parts;
    for (const id of ids) {
      metrics.add(MESSAGES_LOST, { stream: stream.stream, group: stream.group, reason: 'trimmed' });
      logger.error(
        `Entry ${id} of stream "${stream.stream}", group "${stream.group}" is lost: it was trimmed before it was handled.`,
      );
    }
  }
}

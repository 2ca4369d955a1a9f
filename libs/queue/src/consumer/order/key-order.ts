import { isSafeSyncError, Wakeup } from '@safesync/core';
import type { HeldEntry } from '../../delivery/held-entry.js';
import type { OrderOnFailure } from '../../handler/stream-handler.options.js';
import type { JsonCodec } from '../../message/json.codec.js';
import { dataOf } from '../../message/message.js';
import type { OrderedGroup } from '../../stream/ordered-group.js';
import type { OwnPending } from '../../stream/redis-stream.js';
import type { StreamEntry } from '../../stream/stream-entry.js';
import type { DeliveryActions } from '../delivery-actions.js';
import type { DeliverySlots } from '../delivery-slots.js';
import type { HeldEntries } from '../held-entries.js';
import type { RetrySchedule } from '../retry-schedule.js';
import type { ActiveLease } from './active-lease.js';
import { KeyLanes } from './key-lanes.js';

export interface KeyOrderParts {
  readonly group: Pick<OrderedGroup, 'wake'>;
  readonly held: HeldEntries;
  readonly slots: DeliverySlots;
  readonly retries: Pick<RetrySchedule, 'addDue'>;
  readonly actions: Pick<DeliveryActions, 'giveBack' | 'letGo'>;
  readonly lease: Pick<ActiveLease, 'isActive' | 'revoke'>;
  readonly codec: Pick<JsonCodec, 'decode'>;
  readonly onFailure: OrderOnFailure;
  readonly maxParked: number;
  /** Deliveries without an end that make an entry a suspect; 0: nothing is ever one. */
  readonly suspectAfter: number;
  readonly onTrimmed: (ids: readonly string[]) => void;
  /** Aborts when the consumer stops: nothing is started any more. */
  readonly signal: AbortSignal;
}

/** Entries that keep their content while they wait behind one that runs; more are left to Redis until it is their turn. */
const MAX_QUEUED = 1_000;

/**
 * Starts entries in the order of their keys. An entry whose turn it is goes to the slots; one that waits behind another that
 * may take long is shelved: held as an id, its content left to Redis until it is its turn.
 */
export class KeyOrder {
  readonly lanes = new KeyLanes();
  private queued = 0;
  private shelved = 0;
  private readonly wakeup = new Wakeup();

  constructor(private readonly parts: KeyOrderParts) {}

  /** Entries that wait for others of their key. */
  get parked(): number {
    return this.queued + this.shelved;
  }

  get hasRoom(): boolean {
    return this.parked < this.parts.maxParked;
  }

  /** Resolves when so few wait that more may be read, or when `signal` aborts. */
  room(signal: AbortSignal): Promise<void> {
    return this.wakeup.until(() => this.hasRoom, signal);
  }

  /** A new entry, delivered now. */
  admit(held: HeldEntry): void {
    const { lease, actions, slots } = this.parts;
    held.key = this.keyOf(held);
    if (!lease.isActive) void actions.giveBack(held);
    else if (held.key === undefined || this.lanes.enter(held.key, held)) slots.add(held);
    else if (this.mayKeepContent(held.key, held)) this.queue(held);
    else this.shelve(held);
  }

  /** Entries that were taken over: their deliveries are not counted before they are delivered to run. */
  recover({ entries, trimmed }: OwnPending): void {
    this.parts.onTrimmed(trimmed);
    for (const entry of entries) if (this.parts.held.get(entry.id) === undefined) this.recoverOne(entry);
  }

  /** Has Redis deliver an entry whose turn it is, and starts it. Rejects when Redis does not answer: then it is to be repeated. */
  async redeliver(held: HeldEntry): Promise<void> {
    const { held: all, slots, suspectAfter, signal } = this.parts;
    if (all.get(held.id) !== held) return;
    if (held.key !== undefined && !this.lanes.hasTurn(held.key, held)) return this.comeBack(held.key, held);
    // taken over with so many deliveries, none of which has ended
    if (!held.isCounted && suspectAfter > 0 && held.deliveryCount >= suspectAfter) {
      void slots.exclusively(() => this.runAlone(held), signal);
    } else if (await this.wake(held)) slots.add(held);
  }

  /** Its transaction is committed, or it is not held any more: the next of its key has its turn. */
  readonly settled = (held: HeldEntry): void => {
    this.uncount(held);
    if (held.key === undefined) return;
    const next = this.lanes.leave(held.key, held);
    if (next) this.begin(next);
  };

  /** It waits for its retry, and the later ones of its key with it, unless they overtake. */
  failed(held: HeldEntry): void {
    if (held.key === undefined) return;
    if (this.parts.onFailure === 'overtake') {
      const next = this.lanes.leave(held.key, held);
      if (next) this.begin(next);
    } else this.shelveAll(held.key);
  }

  /** Nobody of this key starts any more; all of them are shelved. */
  block(key: string): void {
    this.lanes.block(key);
    this.shelveAll(key);
  }

  unblock(key: string): void {
    const next = this.lanes.unblock(key);
    if (next) this.begin(next);
  }

  clear(): void {
    this.lanes.clear();
    this.queued = 0;
    this.shelved = 0;
    this.wakeup.notify();
  }

  /** The content of a held entry, from Redis; false when it is not held any more. */
  async fetch(held: HeldEntry, isCounted: boolean): Promise<boolean> {
    const { group, held: all, actions, lease, onTrimmed } = this.parts;
    const entry = await group.wake(held.id, held.isCountUncertain ? undefined : held.deliveryCount, isCounted);
    if (all.get(held.id) !== held) return false;
    if (entry === 'notActive') {
      lease.revoke();
      return false;
    }
    if (entry === 'notMine' || entry === 'notPending') {
      actions.letGo(held);
      return false;
    }
    if (entry.fields === null) {
      all.release(held);
      onTrimmed([held.id]);
      return false;
    }
    held.isCountUncertain = false;
    all.redelivered(held, entry);
    return true;
  }

  private async wake(held: HeldEntry): Promise<boolean> {
    try {
      // one that failed counts again; one that only waited behind others has been counted when it was read
      const isCounted = !held.isCounted || held.attempt > 0;
      const isFetched = await this.fetch(held, isCounted);
      if (isFetched) held.isCounted = true;
      return isFetched;
    } catch (error) {
      if (isSafeSyncError(error, 'REDIS_CONNECTION_LOST')) held.isCountUncertain = true;
      throw error;
    }
  }

  private async runAlone(held: HeldEntry): Promise<void> {
    const { lease, signal, slots, retries } = this.parts;
    if (signal.aborted || !lease.isActive) return;
    try {
      held.isSuspect = true;
      if (await this.wake(held)) await slots.runAlone(held);
    } catch {
      // Redis is away, which the loops say
      held.isSuspect = false;
      retries.addDue(held);
    }
  }

  private recoverOne(entry: StreamEntry): void {
    const { held: all, lease } = this.parts;
    if (!lease.isActive) return;
    const held = all.hold(entry, false);
    held.isCounted = false;
    held.key = this.keyOf(held);
    all.dropContent(held);
    if (held.key === undefined || this.lanes.enter(held.key, held)) this.parts.retries.addDue(held);
    else this.shelve(held);
  }

  /** One that let others overtake it is due: it goes before all that wait. */
  private comeBack(key: string, held: HeldEntry): void {
    if (this.lanes.enter(key, held)) this.parts.retries.addDue(held);
    else this.shelve(held);
  }

  private begin(next: HeldEntry): void {
    const { slots, retries, signal } = this.parts;
    const isQueued = next.state === 'queued';
    this.uncount(next);
    if (signal.aborted) return;
    if (isQueued) slots.add(next);
    else retries.addDue(next);
  }

  private mayKeepContent(key: string, held: HeldEntry): boolean {
    const current = this.lanes.current(key)?.state;
    const before = this.lanes.waiting(key).at(-2);
    const isShortWait = current === 'running' || current === 'ready';
    return (
      isShortWait && this.queued < MAX_QUEUED && held.size > 0 && (before === undefined || before.state === 'queued')
    );
  }

  private queue(held: HeldEntry): void {
    held.state = 'queued';
    this.queued += 1;
  }

  private shelve(held: HeldEntry): void {
    this.uncount(held);
    held.state = 'shelved';
    this.shelved += 1;
    this.parts.held.dropContent(held);
  }

  private shelveAll(key: string): void {
    for (const held of this.lanes.waiting(key)) if (held.state !== 'shelved') this.shelve(held);
  }

  private uncount(held: HeldEntry): void {
    if (held.state === 'queued') this.queued -= 1;
    else if (held.state === 'shelved') this.shelved -= 1;
    else return;
    held.state = 'waiting';
    this.wakeup.notify();
  }

  /** A malformed entry has no key: it is a dead letter whatever its order. */
  private keyOf(held: HeldEntry): string | undefined {
    try {
      held.decoded = this.parts.codec.decode(dataOf(held.entry));
      return held.decoded.metadata.key;
    } catch {
      return undefined;
    }
  }
}

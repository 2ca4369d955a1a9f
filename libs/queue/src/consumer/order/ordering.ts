import { type BackgroundLogger, ConditionLog, type MetricsRecorder } from '@safesync/core';
import type { DatabaseGate } from '../../delivery/database-gate.js';
import type { HeldEntry } from '../../delivery/held-entry.js';
import type { LeaseKeeper } from '../../delivery/lease-keeper.js';
import type { ResolvedStreamHandlerOptions } from '../../handler/stream-handler.options.js';
import type { JsonCodec } from '../../message/json.codec.js';
import type { OrderedGroup } from '../../stream/ordered-group.js';
import type { OwnPending, RedisStream } from '../../stream/redis-stream.js';
import type { DeliveryActions } from '../delivery-actions.js';
import type { DeliverySlots } from '../delivery-slots.js';
import type { HeldEntries } from '../held-entries.js';
import type { PrefetchBudget } from '../prefetch-budget.js';
import type { RetrySchedule } from '../retry-schedule.js';
import { ActiveLease } from './active-lease.js';
import { KeyBlocks } from './key-blocks.js';
import { KeyOrder } from './key-order.js';
import type { OrderStatus } from './order-status.js';
import { OrderedActions } from './ordered-actions.js';
import { OrderedSource } from './ordered-source.js';

export interface OrderingParts {
  readonly options: ResolvedStreamHandlerOptions;
  readonly stream: RedisStream;
  readonly group: OrderedGroup;
  readonly gate: Pick<DatabaseGate, 'closedForMs'>;
  readonly codec: JsonCodec;
  readonly held: HeldEntries;
  readonly budget: PrefetchBudget;
  readonly leases: LeaseKeeper;
  readonly slots: DeliverySlots;
  readonly retries: RetrySchedule;
  readonly actions: DeliveryActions;
  readonly suspectAfter: number;
  readonly onTrimmed: (ids: readonly string[]) => void;
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
  /** Aborts when the consumer stops. */
  readonly signal: AbortSignal;
}

/** The parts that a consumer has in addition when its handler orders, and what begins and ends with its being active. */
export class Ordering {
  readonly lease: ActiveLease;
  readonly order: KeyOrder;
  readonly blocks: KeyBlocks;
  readonly source: OrderedSource;
  readonly actions: OrderedActions;
  private readonly full: ConditionLog;

  constructor(private readonly parts: OrderingParts) {
    const { options, actions, held, stream, logger } = parts;
    const onFailure = options.orderOnFailure ?? 'park';
    const subject = `stream "${stream.stream}", group "${stream.group}"`;
    this.full = new ConditionLog(logger, `Reading of ${subject}`);
    this.lease = this.makeLease(`Order of ${subject}`);
    this.order = new KeyOrder({ ...parts, lease: this.lease, onFailure, maxParked: options.maxParked });
    this.blocks = new KeyBlocks({
      ...parts,
      retry: options.retry,
      order: this.order,
      isTakenOver: () => this.source.isTakenOver,
    });
    this.source = new OrderedSource({
      ...parts,
      lease: this.lease,
      claimIdleMs: options.claimIdleMs,
      onBegin: () => this.blocks.load(),
      onFound: (found) => this.order.recover(found),
    });
    this.actions = new OrderedActions({
      actions,
      held,
      order: this.order,
      blocks: this.blocks,
      parks: onFailure === 'park',
    });
    held.onRelease(this.order.settled);
  }

  /** What the active consumer found pending. */
  readonly takeBack = (pending: OwnPending): Promise<void> => {
    this.order.recover(pending);
    if (pending.last === undefined) this.source.noteTakenOver();
    return Promise.resolve();
  };

  get status(): OrderStatus {
    const { lease, order, blocks } = this;
    const role = lease.isActive ? 'active' : 'standby';
    return { role, blockedKeys: blocks.count, parked: order.parked, isFull: !order.hasRoom };
  }

  /** Resolves when this consumer is active and few enough wait for others of their key, or when `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    do {
      await this.lease.active(signal);
      await this.roomForParked(signal);
    } while (!this.lease.isActive && !signal.aborted);
  }

  /** Leaves the place to a standby. */
  async leave(): Promise<void> {
    await this.lease.stop();
    await this.parts.group.resign();
  }

  private makeLease(subject: string): ActiveLease {
    const { group, options, gate, leases, slots, logger } = this.parts;
    return new ActiveLease({
      group,
      subject,
      livenessMs: options.livenessMs,
      claimIntervalMs: options.claimIntervalMs,
      logger,
      // perhaps the database is away from here only
      mayLead: () => gate.closedForMs < options.claimIdleMs,
      onConfirmed: (sentAt) => leases.confirmAlive(sentAt),
      onBegin: () => slots.pump(),
      onEnd: () => this.endTerm(),
      onRequests: (requests) => void this.blocks.answer(requests),
    });
  }

  private async roomForParked(signal: AbortSignal): Promise<void> {
    const { order } = this;
    if (order.hasRoom) return;
    this.full.began(
      `${order.parked} messages wait for others of their key`,
      'nothing new is read until some have gone on',
    );
    await order.room(signal);
    if (!signal.aborted) this.full.ended('new messages are read again');
  }

  /** Another one may be active from now on: whatever is held here belongs to it. What runs cannot commit any more. */
  private endTerm(): void {
    const { held, slots, retries, group } = this.parts;
    group.interrupt();
    this.order.clear();
    this.blocks.clear();
    retries.clear();
    slots.takeReady();
    const unstarted: HeldEntry[] = [];
    for (const entry of held) {
      if (entry.state === 'running') entry.interrupt('leaseLost');
      else if (entry.isUnstarted) unstarted.push(entry);
      held.release(entry);
    }
    this.order.clear();
    this.uncount(unstarted);
  }

  private uncount(unstarted: readonly HeldEntry[]): void {
    // when Redis is away, they count one delivery more
    if (unstarted.length > 0) this.parts.stream.giveBack(unstarted).catch(() => undefined);
  }
}

import { ConditionLog, MAX_TIMER_MS, sleep } from '@safesync/core';
import { type AckAnswer, AckBatch } from '../delivery/ack-batch.js';
import type { DecisionActions } from '../delivery/delivery-decision.js';
import { describeError } from '../delivery/error-summary.js';
import type { HeldEntry } from '../delivery/held-entry.js';
import { LeaseKeeper } from '../delivery/lease-keeper.js';
import type { OrderedGroup } from '../stream/ordered-group.js';
import { AckReport } from './ack-report.js';
import type { ConsumerParts } from './consumer-parts.js';
import { DeliveryActions } from './delivery-actions.js';
import { DeliverySlots } from './delivery-slots.js';
import { EntryIntake } from './entry-intake.js';
import { entryRunner } from './entry-runner.js';
import { HeldEntries } from './held-entries.js';
import { Mutex } from './mutex.js';
import { Ordering } from './order/ordering.js';
import type { PauseSwitch } from './pause-switch.js';
import { PrefetchBudget } from './prefetch-budget.js';
import { RateLimiter } from './rate-limiter.js';
import { ReadingRoom } from './reading-room.js';
import { RetrySchedule } from './retry-schedule.js';
import { StaleClaimer } from './stale-claimer.js';
import { StreamConsumer } from './stream-consumer.js';

/** Deliveries without an end after which an entry is a suspect. */
const SUSPECT_AFTER = 3;

/**
 * The parts of one consumer and who uses whom: reader and claimer find entries, the intake holds them, the slots run the
 * delivery, the delivery hands commits to the acks; what failed goes to the actions, and from there to the retries.
 */
export class ConsumerAssembly {
  private readonly budget: PrefetchBudget;
  readonly held: HeldEntries;
  private readonly mutex = new Mutex();
  private readonly room: ReadingRoom;
  readonly leases: LeaseKeeper;
  readonly acks: AckBatch;
  readonly limiter: RateLimiter | undefined;
  readonly slots: DeliverySlots;
  readonly retries: RetrySchedule;
  readonly actions: DeliveryActions;
  /** Only where the handler orders. */
  readonly ordering: Ordering | undefined;
  readonly intake: EntryIntake;
  readonly reader: StreamConsumer;
  readonly claimer: StaleClaimer;

  /** Nothing is started yet. `stopping` aborts when nothing more may be taken. */
  constructor(
    private readonly parts: ConsumerParts,
    private readonly stopping: AbortSignal,
    private readonly pause: PauseSwitch,
  ) {
    this.budget = new PrefetchBudget(parts.options.prefetchBytes, parts.delivery.codec.maxBytes);
    this.held = new HeldEntries(this.budget);
    this.leases = new LeaseKeeper(parts.stream, parts.options);
    this.acks = this.makeAcks();
    this.limiter = this.makeLimiter();
    this.slots = this.makeSlots();
    this.retries = this.makeRetries();
    this.actions = this.makeActions();
    this.ordering = parts.ordered && this.makeOrdering(parts.ordered);
    this.room = new ReadingRoom({
      ...parts,
      pause,
      limiter: this.limiter,
      slots: this.slots,
      retries: this.retries,
      budget: this.budget,
      ordering: this.ordering,
    });
    this.intake = this.makeIntake();
    this.reader = this.makeReader();
    this.claimer = this.makeClaimer();
  }

  private makeAcks(): AckBatch {
    const { stream, logger } = this.parts;
    const subject = `Acknowledgements of stream "${stream.stream}", group "${stream.group}"`;
    const report = new AckReport(this.parts);
    const onAnswers = (answers: readonly AckAnswer[]): void => {
      for (const { held } of answers) this.held.release(held);
      report.count(answers);
    };
    return new AckBatch(stream, onAnswers, logger, subject);
  }

  private makeLimiter(): RateLimiter | undefined {
    const { options, stream, logger } = this.parts;
    const limit = options.rateLimit;
    return limit && new RateLimiter({ limit, stream, logger, stopping: this.stopping });
  }

  private makeSlots(): DeliverySlots {
    const { concurrency, batch, handlerTimeoutMs, claimIdleMs } = this.parts.options;
    const { held, acks, leases, limiter, stopping } = this;
    const actions = (): DecisionActions => this.ordering?.actions ?? this.actions;
    const onDone = this.parts.ordered && ((entry: HeldEntry): void => this.ordering?.order.settled(entry));
    const isHurried = (): boolean => this.slots.isWantedAlone;
    return new DeliverySlots({
      ...entryRunner({ ...this.parts, held, acks, leases, limiter, stopping, actions, onDone, isHurried }),
      // a message in a batch has a slot as well
      concurrency: concurrency * (batch?.size ?? 1),
      aloneMs: handlerTimeoutMs ?? claimIdleMs,
      mayStart: () =>
        this.parts.gate.isOpen &&
        !this.pause.isPaused &&
        !this.stopping.aborted &&
        this.ordering?.lease.isActive !== false,
    });
  }

  private makeRetries(): RetrySchedule {
    const { stream, logger } = this.parts;
    const condition = new ConditionLog(logger, `Retries of stream "${stream.stream}", group "${stream.group}"`);
    return new RetrySchedule({
      name: this.parts.handler,
      capacity: (signal) => this.room.forWork(signal),
      redeliver: async (held) => {
        await (this.ordering ? this.ordering.order.redeliver(held) : this.intake.redeliver(held));
        condition.ended('are delivered again');
      },
      onError: (error) => condition.began(describeError(error), 'cannot be delivered, repeating'),
    });
  }

  private makeActions(): DeliveryActions {
    const { held, acks, retries, leases } = this;
    const start = (entry: HeldEntry): void => void this.intake.start(entry);
    const { retry, claimIdleMs: patienceMs } = this.parts.options;
    return new DeliveryActions({
      ...this.parts,
      held,
      acks,
      retries,
      leases,
      retry,
      patienceMs,
      signal: this.stopping,
      start,
    });
  }

  private makeIntake(): EntryIntake {
    const { held, acks, slots, actions, suspectAfter } = this;
    const onStray = (): void => this.reader.requestStrays();
    const admit = this.ordering && ((entry: HeldEntry): void => this.ordering?.order.admit(entry));
    return new EntryIntake({
      ...this.parts,
      held,
      acks,
      slots,
      actions,
      suspectAfter,
      signal: this.stopping,
      onStray,
      admit,
    });
  }

  private makeOrdering(group: OrderedGroup): Ordering {
    const { held, budget, leases, slots, retries, actions, suspectAfter } = this;
    const { codec } = this.parts.delivery;
    const onTrimmed = (ids: readonly string[]): void => this.intake.reportTrimmed(ids);
    const own = { held, budget, leases, slots, retries, actions, suspectAfter };
    return new Ordering({ ...this.parts, ...own, codec, group, onTrimmed, signal: this.stopping });
  }

  private makeReader(): StreamConsumer {
    const { options } = this.parts;
    return new StreamConsumer({
      ...this.parts,
      stream: this.ordering?.source ?? this.parts.stream,
      blockMs: options.blockMs,
      groupStart: options.groupStart,
      lookForPause: this.pause.look,
      demand: (signal) => this.room.demand(signal),
      heldIds: () => this.held.ids,
      take: this.intake.take,
      takeBack: this.ordering?.takeBack ?? this.intake.takeBack,
      undisturbed: this.undisturbed,
    });
  }

  private makeClaimer(): StaleClaimer {
    const { suspectAfter, slots, intake } = this;
    return new StaleClaimer({
      ...this.parts,
      ...this.parts.options,
      stream: this.parts.stream,
      suspectAfter,
      capacity: () => (this.mayClaim ? this.room.fitting(slots.spare) : 0),
      capacityChanged: (signal) => this.capacityChanged(signal),
      heldIds: () => (this.ordering ? [] : this.held.ids),
      // an active consumer lives by its row, which it loses before it counts as dead
      onAlive: (sentAt) => {
        if (!this.ordering) this.leases.confirmAlive(sentAt);
      },
      lookForPause: this.pause.look,
      take: intake.takeClaimed,
      runSuspects: intake.runSuspects,
      undisturbed: this.undisturbed,
      onStray: () => this.reader.requestDrain(),
    });
  }

  private readonly undisturbed = <T>(work: () => Promise<T>): Promise<T> => this.mutex.run(work);

  /** With a single delivery allowed, whatever is claimed has used it up: then there is nobody to run alone. */
  private get suspectAfter(): number {
    return Math.min(SUSPECT_AFTER, this.parts.options.maxDeliveries - 1);
  }

  /** Of an ordered group the active consumer takes over, and nobody claims. */
  private get mayClaim(): boolean {
    return this.parts.gate.isOpen && !this.stopping.aborted && !this.ordering;
  }

  private async capacityChanged(signal: AbortSignal): Promise<void> {
    if (this.stopping.aborted || this.ordering) return sleep(MAX_TIMER_MS, signal);
    await this.parts.gate.opened(signal);
    await this.room.startable(signal);
  }
}

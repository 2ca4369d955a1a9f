import { ConditionLog, MAX_TIMER_MS, sleep } from '@safesync/core';
import { type AckAnswer, AckBatch } from '../delivery/ack-batch.js';
import { describeError } from '../delivery/error-summary.js';
import type { HeldEntry } from '../delivery/held-entry.js';
import { LeaseKeeper } from '../delivery/lease-keeper.js';
import { ACKS_LOST, MESSAGES_ACKED } from '../queue.metrics.js';
import type { ConsumerParts } from './consumer-parts.js';
import { DeliveryActions } from './delivery-actions.js';
import { DeliverySlots } from './delivery-slots.js';
import { EntryIntake } from './entry-intake.js';
import { entryRunner } from './entry-runner.js';
import { HeldEntries } from './held-entries.js';
import { Mutex } from './mutex.js';
import type { PauseSwitch } from './pause-switch.js';
import { RateLimiter } from './rate-limiter.js';
import { MAX_WAITING, RetrySchedule } from './retry-schedule.js';
import { StaleClaimer } from './stale-claimer.js';
import { StreamConsumer } from './stream-consumer.js';

/** Deliveries without an end after which an entry is a suspect. */
const SUSPECT_AFTER = 3;

/**
 * The parts of one consumer and who uses whom: reader and claimer find entries, the intake holds them, the slots run the
 * delivery, the delivery hands commits to the acks; what failed goes to the actions, and from there to the retries.
 */
export class ConsumerAssembly {
  readonly held = new HeldEntries();
  private readonly mutex = new Mutex();
  private readonly retriesFull: ConditionLog;
  readonly leases: LeaseKeeper;
  readonly acks: AckBatch;
  readonly limiter: RateLimiter | undefined;
  readonly slots: DeliverySlots;
  readonly retries: RetrySchedule;
  readonly actions: DeliveryActions;
  readonly intake: EntryIntake;
  readonly reader: StreamConsumer;
  readonly claimer: StaleClaimer;

  /** Nothing is started yet. `stopping` aborts when nothing more may be taken. */
  constructor(
    private readonly parts: ConsumerParts,
    private readonly stopping: AbortSignal,
    private readonly pause: PauseSwitch,
  ) {
    const { stream, group } = parts.stream;
    this.retriesFull = new ConditionLog(parts.logger, `Reading of stream "${stream}", group "${group}"`);
    this.leases = new LeaseKeeper(parts.stream, parts.options);
    this.acks = this.makeAcks();
    this.limiter = this.makeLimiter();
    this.slots = this.makeSlots();
    this.retries = this.makeRetries();
    this.actions = this.makeActions();
    this.intake = this.makeIntake();
    this.reader = this.makeReader();
    this.claimer = this.makeClaimer();
  }

  private makeAcks(): AckBatch {
    const { stream, logger } = this.parts;
    const subject = `Acknowledgements of stream "${stream.stream}", group "${stream.group}"`;
    return new AckBatch(stream, (answers) => this.acknowledged(answers), logger, subject);
  }

  private acknowledged(answers: readonly AckAnswer[]): void {
    const { stream, metrics } = this.parts;
    for (const { held } of answers) this.held.release(held);
    const lost = answers.filter(({ outcome }) => outcome !== 'done');
    metrics.add(MESSAGES_ACKED, { stream: stream.stream }, answers.length - lost.length);
    for (const answer of lost) this.ackLost(answer);
  }

  private ackLost({ held, outcome }: AckAnswer): void {
    const { stream, metrics, logger } = this.parts;
    const isTaken = outcome === 'notMine';
    metrics.add(ACKS_LOST, {
      stream: stream.stream,
      group: stream.group,
      reason: isTaken ? 'not_mine' : 'not_pending',
    });
    const fact = isTaken ? 'another consumer holds it and will run it again' : 'it was not pending any more';
    logger.warn(
      `Entry ${held.id} of stream "${stream.stream}", group "${stream.group}" was committed, but not acknowledged: ${fact}.`,
    );
  }

  private makeLimiter(): RateLimiter | undefined {
    const { options, stream, logger } = this.parts;
    const limit = options.rateLimit;
    return limit && new RateLimiter({ limit, stream, logger, stopping: this.stopping });
  }

  private makeSlots(): DeliverySlots {
    const { concurrency, batch, handlerTimeoutMs, claimIdleMs } = this.parts.options;
    const { held, acks, leases, limiter, stopping } = this;
    return new DeliverySlots({
      // a message in a batch has a slot as well
      concurrency: concurrency * (batch?.size ?? 1),
      aloneMs: handlerTimeoutMs ?? claimIdleMs,
      mayStart: () => this.parts.gate.isOpen && !this.pause.isPaused && !this.stopping.aborted,
      run: entryRunner({ ...this.parts, held, acks, leases, limiter, stopping, actions: () => this.actions }),
    });
  }

  private makeRetries(): RetrySchedule {
    const { stream, logger } = this.parts;
    const condition = new ConditionLog(logger, `Retries of stream "${stream.stream}", group "${stream.group}"`);
    return new RetrySchedule({
      name: this.parts.handler,
      capacity: this.roomForWork,
      redeliver: async (held) => {
        await this.intake.redeliver(held);
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
    const onStray = (): void => this.reader.requestDrain();
    return new EntryIntake({ ...this.parts, held, acks, slots, actions, suspectAfter, signal: this.stopping, onStray });
  }

  private makeReader(): StreamConsumer {
    const { options } = this.parts;
    return new StreamConsumer({
      ...this.parts,
      blockMs: options.blockMs,
      groupStart: options.groupStart,
      onPaused: this.pause.note,
      demand: (signal) => this.demand(signal),
      heldIds: () => this.held.ids,
      take: this.intake.take,
      takeBack: this.intake.takeBack,
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
      capacity: () => (this.parts.gate.isOpen && !this.stopping.aborted ? this.permitted(slots.spare) : 0),
      capacityChanged: (signal) => this.capacityChanged(signal),
      heldIds: () => this.held.ids,
      onAlive: (sentAt) => this.leases.confirmAlive(sentAt),
      onPaused: this.pause.note,
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

  private async demand(signal: AbortSignal): Promise<number> {
    await this.parts.gate.opened(signal);
    await this.roomForRetries(signal);
    await this.roomForWork(signal);
    return Math.max(1, this.permitted(this.slots.wanted));
  }

  /** Resolves when something could be started, or when `signal` aborts. */
  private async startable(signal: AbortSignal): Promise<void> {
    await this.slots.hungry(signal);
    if (this.limiter) await this.limiter.whenFetchable(signal);
  }

  /** What has no permit to start is better left where it is. */
  private permitted(count: number): number {
    return this.limiter ? Math.min(count, this.limiter.fetchable) : count;
  }

  private readonly roomForWork = (signal: AbortSignal): Promise<void> =>
    this.pause.whenRoom((over) => this.startable(over), signal);

  /** Reading that stands still for want of room looks like an idle stream, so it is said. */
  private async roomForRetries(signal: AbortSignal): Promise<void> {
    if (this.retries.hasRoom) return;
    this.retriesFull.began(
      `${MAX_WAITING} messages wait for a retry`,
      'nothing new is read until some have been delivered',
    );
    await this.retries.room(signal);
    if (!signal.aborted) this.retriesFull.ended('new messages are read again');
  }

  private async capacityChanged(signal: AbortSignal): Promise<void> {
    if (this.stopping.aborted) return sleep(MAX_TIMER_MS, signal);
    await this.parts.gate.opened(signal);
    await this.startable(signal);
  }
}

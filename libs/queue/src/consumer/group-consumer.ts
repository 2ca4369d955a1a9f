import { BackgroundLoop, sleep, withDeadline } from '@safesync/core';
import { ConditionLog } from '../condition-log.js';
import { describeError } from '../delivery/error-summary.js';
import type { HeldEntry, HeldState } from '../delivery/held-entry.js';
import { ConsumerAssembly, type ConsumerParts } from './consumer-assembly.js';

/** One handler's consumer at this moment. */
export interface ConsumerStatus {
  /** `Class.method`. */
  readonly handler: string;
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** Messages being handled. */
  readonly running: number;
  /**
   * Since the read loop last came round. Grows beyond `blockMs` while Redis does not answer, while the database is away, and
   * while all slots are taken.
   */
  readonly sinceLastTurnMs: number;
}

/** What became of the messages that a consumer held when it was stopped. All 0 but `finished` is a clean stop. */
export interface DrainReport {
  /** `Class.method`. */
  readonly handler: string;
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  /** In progress when the stop began, and at their end in time. */
  readonly finished: number;
  /** Not started, or rolled back when the time was over: given back to the group. */
  readonly givenBack: number;
  /** Committed, but the acknowledgement was not confirmed: they will be delivered again. */
  readonly unacknowledged: number;
  /** Handlers that ignored their signal. They cannot commit any more; their messages are claimed by other consumers. */
  readonly stillRunning: number;
}

/** What handlers get to end after their signal has aborted, and acknowledgements to be confirmed at the very least. */
const GRACE_MS = 1_000;

/** One handler's member of its consumer group, from its start to its only stop. */
export class GroupConsumer {
  private readonly stopping = new AbortController();
  private readonly assembly: ConsumerAssembly;
  private readonly renewing: BackgroundLoop;
  private readonly forgetGate: () => void;
  private fetchStopped: Promise<number> | undefined;
  private drained: Promise<DrainReport> | undefined;

  constructor(private readonly parts: ConsumerParts) {
    const { stream, group } = parts.stream;
    const condition = new ConditionLog(parts.logger, `Leases of stream "${stream}", group "${group}"`);
    this.assembly = new ConsumerAssembly(parts, this.stopping.signal);
    this.forgetGate = parts.gate.onOpen(() => this.assembly.slots.pump());
    this.renewing = new BackgroundLoop({
      name: parts.handler,
      turn: async (signal) => {
        await this.renew(signal);
        condition.ended('are renewed again');
      },
      onError: (error) => condition.began(describeError(error), 'cannot be renewed, repeating'),
    });
  }

  /** Handler, stream, group and consumer, for logs. */
  get description(): string {
    const { stream, group, consumer } = this.parts.stream;
    return `stream "${stream}" by ${this.parts.handler} (group "${group}", consumer "${consumer}")`;
  }

  get status(): ConsumerStatus {
    const { stream, group, consumer } = this.parts.stream;
    const { slots, reader } = this.assembly;
    const { handler } = this.parts;
    return {
      handler,
      stream,
      group,
      consumer,
      running: slots.inProgress.size,
      sinceLastTurnMs: reader.sinceLastTurnMs,
    };
  }

  /** Starts all loops, once. True when the group exists; false when `signal` aborted before: the loops go on trying. */
  async start(signal: AbortSignal): Promise<boolean> {
    const { reader, retries } = this.assembly;
    reader.start();
    retries.start();
    this.renewing.start();
    void this.startClaiming();
    return reader.prepared(signal);
  }

  /** From now on nothing is read, claimed or started; what was not started goes back to the group. Does not wait. */
  stopFetching(): void {
    this.fetchStopped ??= this.endFetching();
  }

  /**
   * `stopFetching`, then waits for what is in progress: up to `drainMs` for handlers to end, after that their signals abort
   * and their messages are given back. Leaves the group. Takes `drainMs` and 3 s at most, even if Redis does not answer. Calling it again returns the same report.
   */
  drain(drainMs: number): Promise<DrainReport> {
    this.stopFetching();
    this.drained ??= this.endDelivering(drainMs);
    return this.drained;
  }

  /** There is nothing to claim before the group exists. */
  private async startClaiming(): Promise<void> {
    const { reader, claimer } = this.assembly;
    const isPrepared = await reader.prepared(this.stopping.signal);
    if (isPrepared && !this.stopping.signal.aborted) claimer.start();
  }

  private async endFetching(): Promise<number> {
    this.stopping.abort();
    const { reader, retries } = this.assembly;
    await Promise.all([reader.stop(), retries.stop()]);
    return (await this.giveBackUnstarted()) + this.leaveWaiting();
  }

  private async endDelivering(drainMs: number): Promise<DrainReport> {
    const { slots, actions } = this.assembly;
    const endsAt = performance.now() + drainMs;
    // what can wait for Redis gets the rest of the drain, or the grace when that is longer
    const restMs = (): number => Math.ceil(Math.max(GRACE_MS, endsAt - performance.now()));
    const inProgress = slots.inProgress.size;
    await slots.idle(AbortSignal.timeout(drainMs));
    const givenBackBefore = actions.givenBack;
    for (const held of slots.inProgress) held.interrupt('stopping');
    let givenBack = 0;
    const fetchStopped = async (): Promise<void> => {
      givenBack += (await this.fetchStopped) ?? 0;
    };
    await Promise.all([
      slots.idle(AbortSignal.timeout(GRACE_MS)),
      this.attempt('end what it asked of Redis', fetchStopped, restMs()),
    ]);
    const interrupted = actions.givenBack - givenBackBefore;
    givenBack += interrupted + (await this.settle(restMs()));
    await this.leave();
    const stillRunning = slots.inProgress.size;
    return this.report({
      finished: inProgress - interrupted - stillRunning,
      givenBack,
      unacknowledged: this.assembly.acks.size,
      stillRunning,
    });
  }

  /** Says to Redis what is left to say, all at once; takes `flushMs` at most, even if it does not answer. */
  private async settle(flushMs: number): Promise<number> {
    const { acks, retries, claimer } = this.assembly;
    const loops = (): Promise<unknown> => Promise.all([retries.stop(), claimer.stop(), this.renewing.stop()]);
    const [unstarted] = await Promise.all([
      this.giveBackUnstarted(),
      this.attempt('confirm all acknowledgements', () => acks.flush(AbortSignal.timeout(flushMs)), flushMs),
      this.attempt('end its loops', loops),
    ]);
    // what failed meanwhile waits for a retry that another consumer will do
    return unstarted + this.leaveWaiting();
  }

  /** What is ready, or paused for want of a database: any consumer may have it, this delivery not counted. */
  private async giveBackUnstarted(): Promise<number> {
    this.assembly.slots.takeReady();
    const unstarted = this.release('ready', 'paused');
    if (unstarted.length > 0) await this.attempt('give messages back', () => this.parts.stream.giveBack(unstarted));
    return unstarted.length;
  }

  /** What waits for a retry stays pending: this consumer is about to be marked dead, and those deliveries count. */
  private leaveWaiting(): number {
    return this.release('waiting', 'moving').length;
  }

  private release(...states: readonly HeldState[]): HeldEntry[] {
    const { held } = this.assembly;
    const released = [...held].filter(({ state }) => states.includes(state));
    for (const entry of released) held.release(entry);
    return released;
  }

  private async leave(): Promise<void> {
    this.forgetGate();
    await this.attempt('leave the group', () => this.parts.stream.leave());
    this.parts.stream.close();
  }

  /** Redis may be away while the process stops; what is left undone is claimed by other consumers, only later. */
  private async attempt(what: string, work: () => Promise<unknown>, ms = GRACE_MS): Promise<void> {
    try {
      await withDeadline(work(), ms, () => new Error(`no answer within ${ms} ms`));
    } catch (error) {
      const { stream, group } = this.parts.stream;
      this.parts.logger.warn(`Stream "${stream}", group "${group}": could not ${what}: ${describeError(error)}`);
    }
  }

  private report(counts: Pick<DrainReport, 'finished' | 'givenBack' | 'unacknowledged' | 'stillRunning'>): DrainReport {
    const { stream, group, consumer } = this.parts.stream;
    return { handler: this.parts.handler, stream, group, consumer, ...counts };
  }

  private async renew(signal: AbortSignal): Promise<void> {
    const { leases, held } = this.assembly;
    await sleep(leases.intervalMs, signal);
    if (signal.aborted) return;
    // perhaps the database is away from here only: then others should have what cannot be started
    if (this.parts.gate.closedForMs >= this.parts.options.claimIdleMs) await this.giveBackUnstarted();
    await leases.renewAged(held);
  }
}

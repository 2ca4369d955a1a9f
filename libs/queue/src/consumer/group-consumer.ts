import { BackgroundLoop, ConditionLog, sleep, withDeadline } from '@safesync/core';
import { describeError } from '../delivery/error-summary.js';
import type { HeldEntry, HeldState } from '../delivery/held-entry.js';
import { ConsumerAssembly } from './consumer-assembly.js';
import type { ConsumerParts } from './consumer-parts.js';
import type { ConsumerStatus, DrainReport } from './consumer-status.js';
import { PauseSwitch } from './pause-switch.js';

/** What handlers get to end after their signal has aborted, and acknowledgements to be confirmed at the very least. */
const GRACE_MS = 1_000;

const WAITING: ReadonlySet<HeldState> = new Set(['waiting', 'moving', 'queued', 'shelved']);

/** One handler's member of its consumer group, from its start to its only stop. */
export class GroupConsumer {
  private readonly stopping = new AbortController();
  readonly pause: PauseSwitch;
  private readonly assembly: ConsumerAssembly;
  private readonly renewing: BackgroundLoop;
  private readonly forgetGate: () => void;
  private fetchStopped: Promise<void> | undefined;
  /** When the stop began. */
  private inProgress: readonly HeldEntry[] = [];
  private drained: Promise<DrainReport> | undefined;

  constructor(private readonly parts: ConsumerParts) {
    const { stream, group } = parts.stream;
    const condition = new ConditionLog(parts.logger, `Leases of stream "${stream}", group "${group}"`);
    this.pause = new PauseSwitch({
      ...parts,
      // an active consumer keeps what it has, in its order
      giveBack: () => (parts.ordered ? undefined : this.giveBackUnstarted()),
      goOn: () => this.goOn(),
    });
    this.assembly = new ConsumerAssembly(parts, this.stopping.signal, this.pause);
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

  /** Of an ordered group, if this consumer is the active one: messages that wait behind the one that blocks `key`. */
  waitingBehind(key: string): number | undefined {
    const { ordering } = this.assembly;
    return ordering?.lease.isActive ? ordering.blocks.waitingBehind(key) : undefined;
  }

  /** Looks at once whether somebody wants a key to be unblocked. */
  lookForRequests(): void {
    this.assembly.ordering?.lease.look();
  }

  isOf(stream: string, group: string): boolean {
    return this.parts.stream.stream === stream && this.parts.stream.group === group;
  }

  get status(): ConsumerStatus {
    const { stream, group, consumer } = this.parts.stream;
    const { slots, reader, ordering } = this.assembly;
    const { handler } = this.parts;
    return {
      handler,
      stream,
      group,
      consumer,
      running: slots.inProgress.length,
      isPaused: this.pause.isPaused,
      ...(ordering && { order: ordering.status }),
      sinceLastTurnMs: reader.sinceLastTurnMs,
    };
  }

  /** Starts all loops, once. True when the group exists; false when `signal` aborted before: the loops go on trying. */
  async start(signal: AbortSignal): Promise<boolean> {
    const { reader, retries } = this.assembly;
    reader.start();
    this.assembly.ordering?.lease.start();
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

  /** After a pause, in which what was given back stayed pending under the own name. */
  private goOn(): void {
    if (!this.parts.ordered) this.assembly.reader.requestDrain();
    this.assembly.slots.pump();
  }

  /** There is nothing to claim before the group exists. */
  private async startClaiming(): Promise<void> {
    const { reader, claimer } = this.assembly;
    const isPrepared = await reader.prepared(this.stopping.signal);
    if (isPrepared && !this.stopping.signal.aborted) claimer.start();
  }

  private async endFetching(): Promise<void> {
    this.stopping.abort();
    const { reader, retries, slots } = this.assembly;
    this.inProgress = [...slots.inProgress];
    await Promise.all([reader.stop(), retries.stop()]);
    await this.giveBackUnstarted();
    this.leaveWaiting();
  }

  private async endDelivering(drainMs: number): Promise<DrainReport> {
    const { slots } = this.assembly;
    const endsAt = performance.now() + drainMs;
    // what can wait for Redis gets the rest of the drain, or the grace when that is longer
    const restMs = (): number => Math.ceil(Math.max(GRACE_MS, endsAt - performance.now()));
    await slots.idle(AbortSignal.timeout(drainMs));
    for (const held of slots.inProgress.slice()) held.interrupt('stopping');
    await Promise.all([
      slots.idle(AbortSignal.timeout(GRACE_MS)),
      this.attempt('end what it asked of Redis', async () => this.fetchStopped, restMs()),
    ]);
    await this.settle(restMs());
    await this.leave();
    return this.report();
  }

  /** Says to Redis what is left to say, all at once; takes `flushMs` at most, even if it does not answer. */
  private async settle(flushMs: number): Promise<void> {
    const { acks, retries, claimer } = this.assembly;
    const loops = (): Promise<unknown> => Promise.all([retries.stop(), claimer.stop(), this.renewing.stop()]);
    await Promise.all([
      this.giveBackUnstarted(),
      this.attempt('confirm all acknowledgements', () => acks.flush(AbortSignal.timeout(flushMs)), flushMs),
      this.attempt('end its loops', loops),
    ]);
    // what failed meanwhile waits for a retry that another consumer will do
    this.leaveWaiting();
  }

  /** What is ready, or paused for want of a database: any consumer may have it, this delivery not counted. */
  private async giveBackUnstarted(): Promise<void> {
    this.assembly.slots.takeReady();
    const unstarted = this.release(({ isUnstarted }) => isUnstarted);
    if (unstarted.length > 0) await this.attempt('give messages back', () => this.parts.stream.giveBack(unstarted));
  }

  /** What waits for a retry stays pending: this consumer is about to be marked dead, and those deliveries count. */
  private leaveWaiting(): void {
    this.release(({ state }) => WAITING.has(state));
  }

  private release(isMeant: (held: HeldEntry) => boolean): HeldEntry[] {
    const { held, actions } = this.assembly;
    const released = [...held].filter(isMeant);
    for (const entry of released) {
      held.release(entry);
      if (this.stopping.signal.aborted) actions.givenBack.add(entry);
    }
    return released;
  }

  private async leave(): Promise<void> {
    this.forgetGate();
    await this.attempt('leave the group', () => this.parts.stream.leave());
    const { ordering } = this.assembly;
    if (ordering) await this.attempt('leave the place to a standby', () => ordering.leave());
    this.parts.ordered?.close();
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

  /** Each entry counts once, where it ended. */
  private report(): DrainReport {
    const { stream, group, consumer } = this.parts.stream;
    const { slots, held, actions } = this.assembly;
    const { givenBack } = actions;
    const unacknowledged = [...held].filter(({ state }) => state === 'committed');
    // one that is given back keeps its slot until Redis has answered
    const stillRunning = slots.inProgress.filter((entry) => entry.state === 'running' && !givenBack.has(entry));
    const unfinished = new Set([...givenBack, ...unacknowledged, ...stillRunning]);
    return {
      handler: this.parts.handler,
      stream,
      group,
      consumer,
      finished: this.inProgress.filter((entry) => !unfinished.has(entry)).length,
      givenBack: givenBack.size,
      unacknowledged: unacknowledged.length,
      stillRunning: stillRunning.length,
    };
  }

  private async renew(signal: AbortSignal): Promise<void> {
    const { leases, held } = this.assembly;
    await sleep(leases.intervalMs, signal);
    if (signal.aborted) return;
    // perhaps the database is away from here only: then others should have what cannot be started
    const isAwayForLong = this.parts.gate.closedForMs >= this.parts.options.claimIdleMs;
    if (isAwayForLong && !this.parts.ordered) await this.giveBackUnstarted();
    await leases.renewAged(held);
  }
}

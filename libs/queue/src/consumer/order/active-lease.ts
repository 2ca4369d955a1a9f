import { type BackgroundLogger, BackgroundLoop, ConditionLog, sleep, Wakeup } from '@safesync/core';
import { describeError } from '../../delivery/error-summary.js';
import type { LeadAnswer, OrderedGroup } from '../../stream/ordered-group.js';

export interface ActiveLeaseParts {
  readonly group: Pick<OrderedGroup, 'lead' | 'resign'>;
  /** Names stream and group in logs. */
  readonly subject: string;
  readonly livenessMs: number;
  readonly claimIntervalMs: number;
  readonly logger: BackgroundLogger;
  /** False while this process cannot work: another one should be active. */
  readonly mayLead: () => boolean;
  /** A term began, or goes on, by a call that was sent at `sentAt`. */
  readonly onConfirmed: (sentAt: number) => void;
  readonly onBegin: () => void;
  readonly onEnd: () => void;
  readonly onRequests: (requests: LeadAnswer['requests']) => void;
}

/** A standby looks this often at most whether the active consumer has left. */
const STANDBY_LOOK_MS = 1_000;

/**
 * Makes this consumer the active one of its group or a standby. Its row in Redis lives for `livenessMs` from the arrival of a
 * call there; here it counts from when the call was sent, so that this consumer stops before another one may begin.
 */
export class ActiveLease {
  private readonly loop: BackgroundLoop;
  private readonly condition: ConditionLog;
  private readonly wakeup = new Wakeup();
  private confirmedAt = Number.NEGATIVE_INFINITY;
  private isInTerm = false;
  private terms = 0;
  private isLookWanted = false;

  constructor(private readonly parts: ActiveLeaseParts) {
    this.condition = new ConditionLog(parts.logger, parts.subject);
    this.loop = new BackgroundLoop({
      name: parts.subject,
      turn: (signal) => this.turn(signal),
      onError: (error) => this.condition.began(describeError(error), 'the active consumer cannot be told, repeating'),
    });
  }

  /** This consumer may start messages now. */
  get isActive(): boolean {
    return this.isInTerm && performance.now() - this.confirmedAt < this.parts.livenessMs;
  }

  /** Rises with each term as the active consumer. */
  get term(): number {
    return this.terms;
  }

  start(): void {
    this.loop.start();
  }

  /** Ends renewing; the row is left to `resign` or to its time. */
  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** Resolves when this consumer is active, or when `signal` aborts. */
  active(signal: AbortSignal): Promise<void> {
    return this.wakeup.until(() => this.isActive, signal);
  }

  /** Looks now: something may have changed. */
  look(): void {
    this.isLookWanted = true;
    this.wakeup.notify();
  }

  /** Redis said that this consumer is not the active one: ends the term at once. */
  revoke(): void {
    this.end();
    this.look();
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const { group, mayLead, livenessMs } = this.parts;
    this.isLookWanted = false;
    if (mayLead()) {
      const sentAt = performance.now();
      this.answered(await group.lead(livenessMs), sentAt);
    } else if (this.isInTerm) {
      this.end();
      await group.resign();
    }
    this.condition.ended('the active consumer is known again');
    await this.pause(signal);
  }

  private answered({ isActive, isNew, requests }: LeadAnswer, sentAt: number): void {
    // without a doubt only if nobody else can have been active since the last answer
    if (!isActive || isNew || !this.isActive) this.end();
    if (!isActive) return;
    this.confirmedAt = sentAt;
    this.parts.onConfirmed(sentAt);
    if (!this.isInTerm) this.begin();
    if (requests.length > 0) this.parts.onRequests(requests);
  }

  private begin(): void {
    this.isInTerm = true;
    this.terms += 1;
    this.parts.logger.log(`${this.parts.subject}: this consumer is the active one`);
    this.parts.onBegin();
    this.wakeup.notify();
  }

  private end(): void {
    if (!this.isInTerm) return;
    this.isInTerm = false;
    this.parts.logger.log(`${this.parts.subject}: this consumer is not the active one any more`);
    this.parts.onEnd();
  }

  private async pause(signal: AbortSignal): Promise<void> {
    const { claimIntervalMs } = this.parts;
    const over = new AbortController();
    const ms = this.isInTerm ? claimIntervalMs : Math.min(claimIntervalMs, STANDBY_LOOK_MS);
    const until = AbortSignal.any([signal, over.signal]);
    const passed = sleep(ms, until).then(() => over.abort());
    await this.wakeup.until(() => this.isLookWanted, until);
    over.abort();
    await passed;
  }
}

import { BackgroundLoop, MAX_TIMER_MS, Wakeup } from '@safesync/core';
import type { HeldEntry } from '../delivery/held-entry.js';

export interface RetryScheduleOptions {
  /** Named in logs. */
  readonly name: string;
  /** Resolves when an entry can be delivered, or when the signal aborts. */
  readonly capacity: (signal: AbortSignal) => Promise<void>;
  /** Has Redis deliver the entry again and starts it; rejects when Redis does not answer, and is then called again. */
  readonly redeliver: (held: HeldEntry) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** While so many wait, no new ones are read: each is held in memory, its lease renewed, its id part of every sweep. */
export const MAX_WAITING = 1_000;

/**
 * Entries that failed and wait for their next delivery in this process. They stay pending under the consumer's name, so a
 * crash loses nothing: another consumer claims them, only earlier than planned.
 */
export class RetrySchedule {
  private readonly timers = new Map<HeldEntry, NodeJS.Timeout>();
  private readonly due: HeldEntry[] = [];
  private readonly wakeup = new Wakeup();
  private readonly loop: BackgroundLoop;

  constructor(private readonly options: RetryScheduleOptions) {
    this.loop = new BackgroundLoop({
      name: options.name,
      turn: (signal) => this.turn(signal),
      onError: options.onError,
    });
  }

  start(): void {
    this.loop.start();
  }

  add(held: HeldEntry, afterMs: number): void {
    held.state = 'waiting';
    const timer = setTimeout(() => this.expire(held), Math.min(Math.max(0, afterMs), MAX_TIMER_MS));
    this.timers.set(held, timer);
  }

  /** Delivers an entry again as soon as there is room for it. */
  addDue(held: HeldEntry): void {
    held.state = 'waiting';
    this.due.push(held);
    this.wakeup.notify();
  }

  /** Forgets what waits. */
  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.due.length = 0;
    this.wakeup.notify();
  }

  /** Resolves when few enough wait for new messages to be read, or when `signal` aborts. */
  room(signal: AbortSignal): Promise<void> {
    return this.wakeup.until(() => this.hasRoom, signal);
  }

  get hasRoom(): boolean {
    return this.timers.size + this.due.length < MAX_WAITING;
  }

  /** Ends redelivering; what was waiting is returned. */
  async stop(): Promise<HeldEntry[]> {
    await this.loop.stop();
    for (const timer of this.timers.values()) clearTimeout(timer);
    const left = [...this.due.splice(0), ...this.timers.keys()];
    this.timers.clear();
    return left;
  }

  private expire(held: HeldEntry): void {
    this.timers.delete(held);
    this.due.push(held);
    this.wakeup.notify();
  }

  private async turn(signal: AbortSignal): Promise<void> {
    await this.wakeup.until(() => this.due.length > 0, signal);
    await this.options.capacity(signal);
    const [held] = this.due;
    if (signal.aborted || !held) return;
    held.state = 'moving';
    try {
      await this.options.redeliver(held);
      // not if all was forgotten meanwhile
      if (this.due[0] === held) this.due.shift();
      this.wakeup.notify();
    } catch (error) {
      held.state = 'waiting';
      throw error;
    }
  }
}

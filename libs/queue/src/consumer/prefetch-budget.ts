import { Wakeup } from '@safesync/core';
import type { StreamEntry } from '../stream/stream-entry.js';

/** How much of the largest size seen is forgotten with each smaller entry. */
const FORGOTTEN = 0.02;

/**
 * How many bytes of entries a consumer holds, and how many more entries may be read. What the next ones weigh nobody knows: they
 * are taken for as large as the largest of those before, which is forgotten slowly.
 */
export class PrefetchBudget {
  private held = 0;
  private expected: number;
  private hasSeen = false;
  private isAwaited = false;
  private readonly wakeup = new Wakeup();

  constructor(
    private readonly limit: number,
    /** What an entry weighs as long as none has been seen. */
    largest: number,
  ) {
    this.expected = largest;
  }

  /** Raw bytes of what is held. */
  get bytes(): number {
    return this.held;
  }

  get hasRoom(): boolean {
    return this.held < this.limit;
  }

  /** As many of `wanted` as are expected to fit; one at the least, unless the limit is reached. */
  fitting(wanted: number): number {
    if (!this.hasRoom) return 0;
    return Math.min(wanted, Math.max(1, Math.floor((this.limit - this.held) / this.expected)));
  }

  /** Resolves when there is room, or when `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    this.isAwaited = true;
    await this.wakeup.until(() => this.hasRoom, signal);
    this.isAwaited = false;
  }

  /** Learns from an entry that was read. */
  learn(bytes: number): void {
    const isLarge = bytes >= this.expected || !this.hasSeen;
    this.expected = Math.max(1, isLarge ? bytes : this.expected - (this.expected - bytes) * FORGOTTEN);
    this.hasSeen = true;
  }

  add(bytes: number): void {
    this.held += bytes;
  }

  remove(bytes: number): void {
    this.held -= bytes;
    if (this.isAwaited && this.hasRoom) this.wakeup.notify();
  }
}

/** Bytes of an entry's fields, names included. */
export function sizeOf({ fields }: StreamEntry): number {
  let bytes = 0;
  if (fields) for (const field of fields) bytes += field.length;
  return bytes;
}

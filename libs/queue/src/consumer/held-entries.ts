import { HeldEntry } from '../delivery/held-entry.js';
import type { StreamEntry } from '../stream/stream-entry.js';
import { type PrefetchBudget, sizeOf } from './prefetch-budget.js';

/** Every entry that a consumer holds, by id: what a drain of its pending entries must leave alone. Accounts for their bytes. */
export class HeldEntries implements Iterable<HeldEntry> {
  private readonly byId = new Map<string, HeldEntry>();
  private readonly listeners: ((held: HeldEntry) => void)[] = [];

  constructor(private readonly budget: PrefetchBudget) {}

  get ids(): string[] {
    return [...this.byId.keys()];
  }

  [Symbol.iterator](): Iterator<HeldEntry> {
    return this.byId.values();
  }

  get(id: string): HeldEntry | undefined {
    return this.byId.get(id);
  }

  hold(entry: StreamEntry, isSuspect: boolean): HeldEntry {
    const held = new HeldEntry(entry, isSuspect);
    this.byId.set(entry.id, held);
    const size = sizeOf(entry);
    this.budget.learn(size);
    this.resize(held, size);
    return held;
  }

  /** Redis delivered a held entry once more, content and all. */
  redelivered(held: HeldEntry, entry: StreamEntry): void {
    held.redelivered(entry);
    held.decoded = undefined;
    if (this.byId.get(held.id) === held) this.resize(held, sizeOf(entry));
  }

  /** Lets go of its content: whoever runs it next has Redis deliver it again. */
  dropContent(held: HeldEntry): void {
    held.dropContent();
    this.resize(held, 0);
  }

  /** Calls `listener` with each entry that is not held any more. */
  onRelease(listener: (held: HeldEntry) => void): void {
    this.listeners.push(listener);
  }

  /** Does nothing for one that was released before, even if its entry is held anew. */
  release(held: HeldEntry): void {
    if (this.byId.get(held.id) !== held) return;
    this.byId.delete(held.id);
    this.resize(held, 0);
    for (const listener of this.listeners) listener(held);
  }

  private resize(held: HeldEntry, size: number): void {
    if (size >= held.size) this.budget.add(size - held.size);
    else this.budget.remove(held.size - size);
    held.size = size;
  }
}

import { HeldEntry } from '../delivery/held-entry.js';
import type { StreamEntry } from '../stream/stream-entry.js';

/** Every entry that a consumer holds, by id: what a drain of its pending entries must leave alone. */
export class HeldEntries implements Iterable<HeldEntry> {
  private readonly byId = new Map<string, HeldEntry>();

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
    return held;
  }

  release(held: HeldEntry): void {
    this.byId.delete(held.id);
  }
}

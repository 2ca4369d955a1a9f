import type { HeldEntry } from '../../delivery/held-entry.js';

interface Lane {
  /** Whose turn it is: ready, running or waiting for its retry. */
  current: HeldEntry | undefined;
  /** In the order of their ids. */
  readonly waiting: HeldEntry[];
  isBlocked: boolean;
}

/**
 * One lane per key: entries of a key have their turns one after the other, in the order of the stream. Says whose turn it is and
 * does nothing about it.
 */
export class KeyLanes {
  private readonly lanes = new Map<string, Lane>();
  private blocked = 0;

  /** Keys that are blocked. */
  get blockedCount(): number {
    return this.blocked;
  }

  /** Puts an entry in its lane. True: it is its turn. */
  enter(key: string, held: HeldEntry): boolean {
    const lane = this.laneOf(key);
    if (lane.current === undefined && lane.waiting.length === 0 && !lane.isBlocked) {
      lane.current = held;
      return true;
    }
    insert(lane.waiting, held);
    return false;
  }

  /** Takes an entry out of its lane; returns the one whose turn it is now. */
  leave(key: string, held: HeldEntry): HeldEntry | undefined {
    const lane = this.lanes.get(key);
    if (!lane) return undefined;
    if (lane.current === held) {
      lane.current = undefined;
      return this.next(key, lane);
    }
    const index = lane.waiting.indexOf(held);
    if (index >= 0) lane.waiting.splice(index, 1);
    if (lane.current === undefined) this.dropEmpty(key, lane);
    return undefined;
  }

  hasTurn(key: string, held: HeldEntry): boolean {
    return this.lanes.get(key)?.current === held;
  }

  /** Whose turn it is. */
  current(key: string): HeldEntry | undefined {
    return this.lanes.get(key)?.current;
  }

  /** Those that wait, in order. */
  waiting(key: string): readonly HeldEntry[] {
    return this.lanes.get(key)?.waiting ?? [];
  }

  /** From now on nobody of this key has a turn; the one that had it waits before all others. */
  block(key: string): void {
    const lane = this.laneOf(key);
    if (!lane.isBlocked) this.blocked += 1;
    lane.isBlocked = true;
    if (lane.current) lane.waiting.unshift(lane.current);
    lane.current = undefined;
  }

  /** Opens a lane again; returns the one whose turn it is now. */
  unblock(key: string): HeldEntry | undefined {
    const lane = this.lanes.get(key);
    if (!lane?.isBlocked) return undefined;
    this.blocked -= 1;
    lane.isBlocked = false;
    return this.next(key, lane);
  }

  isBlocked(key: string): boolean {
    return this.lanes.get(key)?.isBlocked ?? false;
  }

  clear(): void {
    this.lanes.clear();
    this.blocked = 0;
  }

  private laneOf(key: string): Lane {
    const known = this.lanes.get(key);
    if (known) return known;
    const lane: Lane = { current: undefined, waiting: [], isBlocked: false };
    this.lanes.set(key, lane);
    return lane;
  }

  private next(key: string, lane: Lane): HeldEntry | undefined {
    if (!lane.isBlocked) lane.current = lane.waiting.shift();
    this.dropEmpty(key, lane);
    return lane.current;
  }

  private dropEmpty(key: string, lane: Lane): void {
    if (lane.current === undefined && lane.waiting.length === 0 && !lane.isBlocked) this.lanes.delete(key);
  }
}

/** Entries come in order, but for those that come back: the place is looked for from the end. */
function insert(waiting: HeldEntry[], held: HeldEntry): void {
  let index = waiting.length;
  while (index > 0 && compareEntryIds((waiting[index - 1] as HeldEntry).id, held.id) > 0) index -= 1;
  if (index === waiting.length) waiting.push(held);
  else waiting.splice(index, 0, held);
}

/** Negative when `a` is before `b` in its stream. */
export function compareEntryIds(a: string, b: string): number {
  const [aMs = '', aSequence = ''] = a.split('-');
  const [bMs = '', bSequence = ''] = b.split('-');
  return compareNumbers(aMs, bMs) || compareNumbers(aSequence, bSequence);
}

/** Decimal digits without leading zeros, up to 64 bits. */
function compareNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

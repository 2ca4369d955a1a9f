import type { RegisteredStream } from '@safesync/queue';

/** More are not kept in memory: they are found in the table. */
const MAX_KNOWN = 1_000;

/** What a turn of a lane asks the table for. */
export type ClaimWish = { readonly kind: 'due' } | { readonly kind: 'ids'; readonly ids: readonly bigint[] };

/** One stream as the relay of this process sees it: what is known to wait. One batch of it is in progress at a time. */
export class RelayLane {
  /** Rows just committed by this process, and when, on the clock of `performance.now()`. */
  private readonly committed = new Map<bigint, number>();
  /** The table is worth asking for what is due. */
  private isDue = false;
  /** When it will be. */
  private laterAt = Number.POSITIVE_INFINITY;
  private lastWish: ClaimWish['kind'] = 'due';
  /** The socket since which nothing can have been forgotten unnoticed. */
  private checkedEpoch: number | undefined;
  private pausedUntil = 0;
  private refusals = 0;
  private failures = 0;
  private blocked = 0;
  isBusy = false;

  constructor(readonly stream: RegisteredStream) {}

  /** True when the server may be another one, or another state of it, than that which confirmed earlier entries. */
  get mustCheck(): boolean {
    return this.checkedEpoch !== this.stream.connection.epoch;
  }

  checked(epoch: number): void {
    this.checkedEpoch = epoch;
  }

  /** When there will be something to do, as far as is known now; never while Redis is away. */
  get nextAt(): number {
    if (this.isBusy || !this.stream.connection.isReady) return Number.POSITIVE_INFINITY;
    const next = this.mustCheck || this.isDue || this.committed.size > 0 ? 0 : this.laterAt;
    return Math.max(next, this.pausedUntil);
  }

  /** Batches in a row of which Redis took nothing. */
  countRefusal(): number {
    this.refusals += 1;
    return this.refusals;
  }

  /** Turns in a row that came to nothing because of this stream alone. */
  countFailure(): number {
    this.failures += 1;
    return this.failures;
  }

  worked(): void {
    this.failures = 0;
  }

  /** Looks in a row that found only rows behind those of others, this one included; 1 for one that found more. */
  countBlocked(isBlocked: boolean): number {
    this.blocked = isBlocked ? this.blocked + 1 : 1;
    return this.blocked;
  }

  /** Nothing is claimed for so long. Whatever is committed meanwhile waits in the table. */
  pause(ms: number): void {
    this.pausedUntil = performance.now() + ms;
    this.committed.clear();
    this.dueIn(ms);
  }

  resume(): void {
    this.pausedUntil = 0;
    this.refusals = 0;
    this.failures = 0;
    this.blocked = 0;
  }

  addCommitted(ids: readonly bigint[]): void {
    if (this.committed.size + ids.length > MAX_KNOWN) {
      this.dueIn(0);
      return;
    }
    const now = performance.now();
    for (const id of ids) this.committed.set(id, now);
  }

  /** There is something to be claimed after `ms` at the latest. */
  dueIn(ms: number): void {
    if (ms <= 0) this.isDue = true;
    else this.laterAt = Math.min(this.laterAt, performance.now() + ms);
  }

  /** By turns, so that neither rows of this process nor those found in the table wait for the end of the others. */
  wish(maxIds: number): ClaimWish | undefined {
    if (this.laterAt <= performance.now()) {
      this.laterAt = Number.POSITIVE_INFINITY;
      this.isDue = true;
    }
    if (!this.isDue && this.committed.size === 0) return undefined;
    this.lastWish = this.isDue && (this.committed.size === 0 || this.lastWish === 'ids') ? 'due' : 'ids';
    if (this.lastWish === 'due') {
      this.isDue = false;
      return { kind: 'due' };
    }
    return { kind: 'ids', ids: [...this.committed.keys()].slice(0, maxIds) };
  }

  /** Not asked for by id any more; when they were committed, where this process did that. */
  forget(ids: readonly bigint[]): Map<bigint, number> {
    const known = new Map<bigint, number>();
    for (const id of ids) {
      const at = this.committed.get(id);
      if (at !== undefined) known.set(id, at);
      this.committed.delete(id);
    }
    return known;
  }
}

import type { OrderedGroup } from '../../stream/ordered-group.js';
import type { OwnPending, RedisStream } from '../../stream/redis-stream.js';
import type { StreamEntry } from '../../stream/stream-entry.js';
import type { PrefetchBudget } from '../prefetch-budget.js';
import type { EntrySource } from '../stream-consumer.js';
import type { ActiveLease } from './active-lease.js';

export interface OrderedSourceParts {
  readonly stream: Pick<RedisStream, 'stream' | 'group' | 'ensureGroup' | 'isPaused'>;
  readonly group: OrderedGroup;
  readonly lease: Pick<ActiveLease, 'term' | 'isActive' | 'revoke'>;
  readonly budget: Pick<PrefetchBudget, 'fitting'>;
  readonly claimIdleMs: number;
  /** Once in a term, before anything is taken over. */
  readonly onBegin: () => Promise<void>;
  /** Takes over entries found pending under others in the midst of a term. */
  readonly onFound: (found: OwnPending) => void;
}

const PAGE = 100;
/** Looks for entries that others left pending run this often per `claimIdleMs`. */
const LOOKS_PER_IDLE = 6;

/**
 * The stream as its active consumer reads it: in each term what is pending in the group comes first, whoever had it, and new
 * entries only after that.
 */
export class OrderedSource implements EntrySource {
  /** A read was lost with its answer: what it brought is pending and comes first. */
  private strays = 0;
  private begunTerm = 0;
  private takenOverTerm = 0;
  private lookedAt = performance.now();

  constructor(private readonly parts: OrderedSourceParts) {}

  get stream(): string {
    return this.parts.stream.stream;
  }

  get group(): string {
    return this.parts.stream.group;
  }

  get epoch(): number {
    return this.parts.lease.term + this.strays;
  }

  /** Everything that was pending at the begin of the term is held. */
  get isTakenOver(): boolean {
    return this.takenOverTerm === this.parts.lease.term;
  }

  /** The last page of what was pending is held. */
  noteTakenOver(): void {
    this.takenOverTerm = this.begunTerm;
  }

  ensureGroup(start: string): Promise<boolean> {
    return this.parts.stream.ensureGroup(start);
  }

  isPaused(): Promise<boolean> {
    return this.parts.stream.isPaused();
  }

  interrupt(): void {
    this.parts.group.interrupt();
  }

  async readOwnPending(after: string): Promise<OwnPending> {
    const { group, budget, lease } = this.parts;
    const again: OwnPending = { entries: [], trimmed: [], last: '0-0' };
    const { term } = lease;
    let from = after;
    if (this.begunTerm !== term) {
      await this.parts.onBegin();
      if (term !== lease.term) return again;
      this.begunTerm = term;
      // what an earlier term has seen is forgotten
      from = '0-0';
    }
    const page = await group.takeOver(from, Math.max(1, budget.fitting(PAGE)));
    if (page === 'notActive') lease.revoke();
    return page === 'notActive' || term !== lease.term || !lease.isActive ? again : page;
  }

  async readNew(count: number, blockMs: number): Promise<readonly StreamEntry[]> {
    const { group, lease } = this.parts;
    await this.lookForOthers();
    const { term } = lease;
    const read = await this.tracked(() => group.readNew(count));
    if (read === undefined) {
      lease.revoke();
      return [];
    }
    if (typeof read !== 'string') return read;
    if (term === lease.term) await group.waitForNew(read, blockMs);
    return [];
  }

  private async lookForOthers(): Promise<void> {
    const { group, claimIdleMs, onFound, lease } = this.parts;
    const now = performance.now();
    if (now - this.lookedAt < claimIdleMs / LOOKS_PER_IDLE) return;
    this.lookedAt = now;
    const found = await group.takeOver('0-0', PAGE, claimIdleMs);
    if (found === 'notActive') lease.revoke();
    else onFound(found);
  }

  private async tracked<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.strays += 1;
      throw error;
    }
  }
}

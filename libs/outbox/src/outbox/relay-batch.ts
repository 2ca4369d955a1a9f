import type { DbSession, DbSessions } from '@safesync/db';
import { appendChains, type RegisteredStream } from '@safesync/queue';
import type { ResolvedRelayOptions } from '../outbox.options.js';
import { markFailed, markPublished, putOff } from './claimed-row-changes.js';
import {
  type ClaimedRow,
  type ClaimLimits,
  claimDue,
  claimIds,
  findHeads,
  findPredecessors,
  type Predecessor,
  readContents,
} from './claimed-rows.js';
import { type PublishOrder, publishOrder } from './key-order.js';
import { type PublishOutcomes, publishOutcomes } from './publish-outcomes.js';
import type { ClaimWish } from './relay-lane.js';
import type { ServerMarks } from './server-marks.js';

/** What a batch came to, once it was committed. */
export interface BatchResult extends PublishOutcomes {
  /** Rows that were locked. */
  readonly claimed: readonly ClaimedRow[];
  /** When Redis had answered, on the clock of `performance.now()`. */
  readonly answeredAt: number;
  /** Rows that have to wait for one before them that is put off. */
  readonly putOff: number;
  /** True when rows are left because one before them is with another relay. */
  readonly isBehindOthers: boolean;
}

/** What a session gets beside the time for Redis: for its connection, its statements and its commit. */
export const DATABASE_TIME_MS = 10_000;

const NOTHING: BatchResult = {
  claimed: [],
  published: [],
  failed: [],
  unsent: 0,
  answeredAt: 0,
  putOff: 0,
  isBehindOthers: false,
};

/**
 * claim -> order -> publish -> mark -> commit, in one transaction whose row locks keep every other relay away. A process that
 * dies in it leaves the rows as they were: what had reached Redis by then is published a second time, under the same id.
 */
export class RelayBatch {
  constructor(
    private readonly sessions: DbSessions,
    private readonly options: ResolvedRelayOptions,
    private readonly marks: ServerMarks,
  ) {}

  run(stream: RegisteredStream, wish: ClaimWish): Promise<BatchResult> {
    const timeoutMs = this.options.publishTimeoutMs + DATABASE_TIME_MS;
    const endsAt = performance.now() + timeoutMs;
    return this.sessions.run((session) => this.relay(session, stream, wish, endsAt), {
      isolation: 'READ COMMITTED',
      bigints: true,
      timeoutMs,
    });
  }

  private async relay(
    session: DbSession,
    stream: RegisteredStream,
    wish: ClaimWish,
    endsAt: number,
  ): Promise<BatchResult> {
    const claimed = await this.claim(session, stream, wish);
    if (claimed.length === 0) return NOTHING;
    const order = await this.order(session, stream, claimed);
    await putOff(session, order.putOff);
    const outcomes = await this.publish(session, stream, order.chains, endsAt);
    return { ...outcomes, claimed, putOff: order.putOff.size, isBehindOthers: order.isBehindOthers };
  }

  /** Where all that was claimed is behind rows that nobody has, those are claimed too: else the same ones would be claimed for ever. */
  private async order(
    session: DbSession,
    stream: RegisteredStream,
    claimed: readonly ClaimedRow[],
  ): Promise<PublishOrder> {
    const predecessors = await findPredecessors(session, claimed);
    const order = publishOrder(claimed, predecessors);
    if (order.chains.length > 0 || !order.isBehindOthers) return order;
    const heads = await this.claimHeads(session, stream, claimed, predecessors);
    if (heads.length === 0) return order;
    const all = [...claimed, ...heads];
    return publishOrder(all, await findPredecessors(session, all));
  }

  /** The first rows of keys that no other relay is at, and what follows them. */
  private async claimHeads(
    session: DbSession,
    stream: RegisteredStream,
    claimed: readonly ClaimedRow[],
    predecessors: ReadonlyMap<string, Predecessor>,
  ): Promise<ClaimedRow[]> {
    const due = [...predecessors.values()].filter(({ waitMs }) => waitMs <= 0);
    const ids = due.map(({ id }) => id);
    const first = await claimIds(session, stream.name, ids, this.limitsBeside(claimed));
    if (first.length === 0) return [];
    const keys = first.flatMap(({ orderKey }) => orderKey ?? []);
    const both = [...claimed, ...first];
    const next = await findHeads(session, keys, both, this.options.batchSize);
    if (next.length === 0) return first;
    return [...first, ...(await claimIds(session, stream.name, next, this.limitsBeside(both)))];
  }

  /** What a claim may add to these; one row it may always. */
  private limitsBeside(claimed: readonly ClaimedRow[]): ClaimLimits {
    const bytes = claimed.reduce((left, row) => left - row.bytes, this.options.batchBytes);
    return { rows: this.options.batchSize, bytes: Math.max(0, bytes) };
  }

  private claim(session: DbSession, stream: RegisteredStream, wish: ClaimWish): Promise<ClaimedRow[]> {
    const limits = this.limitsBeside([]);
    return wish.kind === 'due'
      ? claimDue(session, stream.name, limits)
      : claimIds(session, stream.name, wish.ids, limits);
  }

  private async publish(
    session: DbSession,
    stream: RegisteredStream,
    chains: readonly (readonly ClaimedRow[])[],
    endsAt: number,
  ): Promise<PublishOutcomes & { answeredAt: number }> {
    if (chains.length === 0) return NOTHING;
    const contents = await readContents(session, chains.flat());
    const data = chains.map((chain) => chain.map(({ id }) => contents.get(id) as string));
    const server = await this.marks.of(stream.connection);
    const leftMs = Math.min(this.options.publishTimeoutMs, endsAt - performance.now() - DATABASE_TIME_MS / 2);
    const results = await appendChains(stream.connection, stream.key, data, Math.max(1, leftMs));
    const answeredAt = performance.now();
    const outcomes = publishOutcomes(chains, results, this.options.retry);
    await markPublished(session, outcomes.published, this.marks.unlessReplaced(stream.connection, server));
    await markFailed(session, outcomes.failed);
    return { ...outcomes, answeredAt };
  }
}

import {
  type BackgroundLogger,
  type BackoffOptions,
  ConditionLog,
  equalJitter,
  type MetricsRecorder,
} from '@safesync/core';
import { QueueError } from '@safesync/queue';
import { OUTBOX_FAILURES, OUTBOX_LATENCY, OUTBOX_PUBLISHED, OUTBOX_REPUBLISHED } from '../outbox.metrics.js';
import type { ResolvedRelayOptions } from '../outbox.options.js';
import type { ForgottenEntries } from './forgotten-entries.js';
import type { BatchResult, RelayBatch } from './relay-batch.js';
import type { ClaimWish, RelayLane } from './relay-lane.js';

/** A row before the claimed ones is with another relay, which needs about as long for it; with a backlog of one key, longer. */
const BEHIND_OTHERS: BackoffOptions = { baseMs: 20, maxMs: 320 };
const UNSENT_MS = 20;
const FAILED: BackoffOptions = { baseMs: 50, maxMs: 5_000 };

/** What a lane does when it has its turn: look for what Redis forgot, where it may have; else one batch. */
export class LaneTurn {
  private readonly conditions = new Map<string, ConditionLog>();
  private readonly failing = new WeakMap<RelayLane, ConditionLog>();

  constructor(
    private readonly batch: RelayBatch,
    private readonly forgotten: ForgottenEntries,
    private readonly options: ResolvedRelayOptions,
    private readonly metrics: MetricsRecorder,
    private readonly logger: BackgroundLogger,
  ) {}

  /**
   * Rejects when the database does not answer; the lane then still has its work. Where the stream itself cannot be worked on, its lane
   * pauses and resolves: others are not to wait for it.
   */
  async take(lane: RelayLane, signal: AbortSignal): Promise<void> {
    try {
      await this.work(lane, signal);
      this.worked(lane);
    } catch (error) {
      // what was known by id is found in the table as well
      lane.dueIn(0);
      if (!(error instanceof QueueError)) throw error;
      this.failed(lane, error, signal);
    }
  }

  private async work(lane: RelayLane, signal: AbortSignal): Promise<void> {
    // before anything is published: what was forgotten comes first
    if (lane.mustCheck) return this.check(lane, signal);
    const wish = lane.wish(this.options.batchSize);
    if (wish === undefined) return;
    this.learn(lane, wish, await this.batch.run(lane.stream, wish));
  }

  private failed(lane: RelayLane, error: QueueError, signal: AbortSignal): void {
    lane.pause(equalJitter(FAILED, lane.countFailure()));
    // a connection that was lost says so itself, once for all its streams
    if (signal.aborted || !lane.stream.connection.isReady) return;
    const condition =
      this.failing.get(lane) ??
      new ConditionLog(this.logger, `Messages of the outbox for stream "${lane.stream.name}"`);
    this.failing.set(lane, condition);
    condition.began(String(error), 'Redis fails, they wait in the table');
  }

  private worked(lane: RelayLane): void {
    lane.worked();
    this.failing.get(lane)?.ended('Redis answers again');
  }

  private async check(lane: RelayLane, signal: AbortSignal): Promise<void> {
    const { stream } = lane;
    const { epoch } = stream.connection;
    const restored = await this.forgotten.restore(stream, signal);
    this.metrics.add(OUTBOX_REPUBLISHED, { stream: stream.name }, restored);
    if (restored > 0) {
      this.logger.warn(`Stream "${stream.name}": Redis has forgotten ${restored} messages, they are published again.`);
    }
    lane.dueIn(0);
    if (!signal.aborted) lane.checked(epoch);
  }

  private learn(lane: RelayLane, wish: ClaimWish, result: BatchResult): void {
    const committedAt = lane.forget(wish.kind === 'ids' ? wish.ids : result.claimed.map(({ id }) => id));
    const { published, failed, putOff, isBehindOthers, unsent } = result;
    const isBlocked = isBehindOthers && published.length === 0;
    if (isBehindOthers) lane.dueIn(equalJitter(BEHIND_OTHERS, lane.countBlocked(isBlocked)));
    if (unsent > 0) lane.dueIn(UNSENT_MS);
    // ids: another relay may have taken them; due: behind what was published or put off there may be more
    if (wish.kind === 'ids' ? result.claimed.length < wish.ids.length : published.length + putOff > 0) lane.dueIn(0);
    // what Redis refuses all of, it refuses the next as well
    if (failed.length > 0 && published.length === 0) lane.pause(equalJitter(this.options.retry, lane.countRefusal()));
    else if (published.length > 0) lane.resume();
    this.record(lane, result, committedAt);
    this.tell(lane, result);
  }

  private record(
    lane: RelayLane,
    { published, failed, answeredAt }: BatchResult,
    committedAt: ReadonlyMap<bigint, number>,
  ): void {
    const labels = { stream: lane.stream.name };
    this.metrics.add(OUTBOX_PUBLISHED, labels, published.length);
    for (const { code } of failed) this.metrics.add(OUTBOX_FAILURES, { ...labels, code });
    for (const { row } of published) {
      const at = committedAt.get(row.id);
      this.metrics.observe(OUTBOX_LATENCY, labels, (at === undefined ? row.ageMs : answeredAt - at) / 1_000);
    }
  }

  private tell(lane: RelayLane, { published, failed }: BatchResult): void {
    const { name } = lane.stream;
    let condition = this.conditions.get(name);
    if (condition === undefined) {
      condition = new ConditionLog(this.logger, `Stream "${name}"`);
      this.conditions.set(name, condition);
    }
    if (failed[0] !== undefined)
      condition.began(failed[0].code, 'messages of the outbox cannot be published, repeating');
    else if (published.length > 0) condition.ended('messages of the outbox are published again');
  }
}

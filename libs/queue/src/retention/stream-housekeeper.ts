import {
  type BackgroundLogger,
  BackgroundLoop,
  ConditionLog,
  isSafeSyncError,
  type MetricsRecorder,
  sleep,
} from '@safesync/core';
import { describeError } from '../delivery/error-summary.js';
import { CONSUMERS_FORGOTTEN, ENTRIES_TRIMMED, MESSAGES_LOST } from '../queue.metrics.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import { deadLetterStream } from '../stream/redis-keys.js';
import { addedAtMs } from '../stream/stream-entry.js';
import { forgetConsumers, type TrimStep, trimDeadLetters, trimStream } from '../stream/stream-upkeep.js';
import type { StreamUpkeep } from '../upkeep.options.js';

export interface StreamHousekeeperParts {
  readonly connection: RedisConnection;
  /** The stream's key. */
  readonly stream: string;
  readonly upkeep: StreamUpkeep;
  /** Groups that this application handles: the others forget their own consumers. */
  readonly groups: readonly string[];
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
}

/** Listing the consumers of a group costs more than the rest, and nothing depends on the minute. */
const FORGET_PER_IDLE = 6;

/**
 * Keeps one stream in order: removes what every group has finished, the oldest dead letters, and consumers that went away without
 * a word. Every process that handles the stream does it; several at once do no harm.
 */
export class StreamHousekeeper {
  private readonly loop: BackgroundLoop;
  private readonly condition: ConditionLog;
  private readonly heldBack = new Map<string, ConditionLog>();
  private forgotAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: StreamHousekeeperParts) {
    const name = `Upkeep of stream "${parts.stream}"`;
    this.condition = new ConditionLog(parts.logger, name);
    this.loop = new BackgroundLoop({
      name,
      turn: (signal) => this.turn(signal),
      onError: (error) => this.condition.began(describeError(error), 'cannot be done, repeating'),
    });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async turn(signal: AbortSignal): Promise<void> {
    const steps = [await this.trim(), await this.trimDeadLetters(), await this.forgetConsumers()];
    this.condition.ended('is done again');
    if (!steps.includes(true)) await sleep(this.parts.upkeep.intervalMs, signal);
  }

  /** True when there is more to trim. */
  private async trim(): Promise<boolean> {
    const { connection, stream, upkeep, metrics } = this.parts;
    if (!upkeep.retention) return false;
    const step = await trimStream(connection, stream, upkeep.retention);
    metrics.add(ENTRIES_TRIMMED, { stream, kind: 'finished' }, step.removed);
    if (step.capped > 0) metrics.add(ENTRIES_TRIMMED, { stream, kind: 'capped' }, step.capped);
    this.reportLoss(step, upkeep.retention.maxLength);
    this.reportHeldBack(stream, step, upkeep.retention.maxAgeMs);
    return step.more;
  }

  private async trimDeadLetters(): Promise<boolean> {
    const { connection, stream, upkeep, metrics, logger } = this.parts;
    if (!upkeep.deadLetters) return false;
    const step = await trimDeadLetters(connection, stream, upkeep.deadLetters);
    const { removed } = step;
    metrics.add(ENTRIES_TRIMMED, { stream, kind: 'dead_letter' }, removed);
    if (removed > 0)
      logger.warn(`Stream "${stream}": removed the ${removed} oldest dead letters, which were too many or too old.`);
    this.reportHeldBack(deadLetterStream(stream), step, upkeep.deadLetters.maxAgeMs);
    return step.more;
  }

  private async forgetConsumers(): Promise<boolean> {
    const { groups, upkeep } = this.parts;
    const idleMs = upkeep.forgetConsumersAfterMs;
    if (performance.now() - this.forgotAt < idleMs / FORGET_PER_IDLE) return false;
    const steps = [];
    for (const group of groups) steps.push(await this.forgetConsumersOf(group, idleMs));
    if (steps.includes(true)) return true;
    this.forgotAt = performance.now();
    return false;
  }

  private async forgetConsumersOf(group: string, idleMs: number): Promise<boolean> {
    const { connection, stream, metrics, logger } = this.parts;
    try {
      const { removed, more } = await forgetConsumers(connection, stream, group, idleMs);
      metrics.add(CONSUMERS_FORGOTTEN, { stream, group }, removed);
      if (removed > 0) logger.log(`Stream "${stream}", group "${group}": deleted ${removed} consumers that were gone.`);
      return more;
    } catch (error) {
      // a vanished group has no consumers, and whoever reads heals it
      if (isSafeSyncError(error, 'GROUP_MISSING')) return false;
      throw error;
    }
  }

  private reportLoss({ lost }: TrimStep, maxLength: number): void {
    const { stream, metrics, logger } = this.parts;
    for (const [group, count] of lost) {
      metrics.add(MESSAGES_LOST, { stream, group, reason: 'capped' }, count);
      logger.error(
        `Stream "${stream}", group "${group}" lost ${count} messages that it had not got: over the length of ${maxLength}, and allowLoss is set.`,
      );
    }
  }

  /** A group that nobody serves any more keeps the whole stream from being trimmed, whoever it belongs to. */
  private reportHeldBack(stream: string, { bounds, now }: TrimStep, maxAgeMs: number): void {
    for (const [group, bound] of bounds) {
      const since = bound === undefined ? undefined : addedAtMs(bound);
      const condition = this.conditionOf(stream, group);
      if (since === undefined || now - since <= maxAgeMs) {
        condition.ended(`is not held back by group "${group}" any more`);
        continue;
      }
      const age = `its oldest unfinished entry, ${bound}, is ${Math.round((now - since) / 1_000)} s old`;
      condition.began(`serve the group, or destroy it if nobody will`, `is held back by group "${group}": ${age}`);
    }
  }

  private conditionOf(stream: string, group: string): ConditionLog {
    const name = JSON.stringify([stream, group]);
    const known = this.heldBack.get(name);
    if (known) return known;
    const condition = new ConditionLog(this.parts.logger, `Trimming of stream "${stream}"`);
    this.heldBack.set(name, condition);
    return condition;
  }
}

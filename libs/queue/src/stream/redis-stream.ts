import { appendAll, appendOne } from './append.js';
import type { BlockingReader } from './blocking-reader.js';
import {
  type ClaimedEntries,
  type ClaimOptions,
  type ClaimResult,
  claimArgs,
  parseClaimedIdle,
  parseClaimResult,
} from './claim.js';
import {
  type FencedOutcome,
  type OwnPending,
  parseDeadLettered,
  parseOutcomes,
  parseOwnPending,
  parseReclaimed,
} from './fenced.js';
import { isGroupPaused } from './group-pauses.js';
import { type PermitAnswer, parsePermits } from './permits.js';
import type { RedisConnection } from './redis-connection.js';
import { deadLetterStream, livenessRows, pausedGroups, permitBucket } from './redis-keys.js';
import type { RedisScript } from './redis-script.js';
import type { RedisArg } from './redis-socket.js';
import { ACK_SCRIPT } from './scripts/ack.script.js';
import { CLAIM_IDLE_SCRIPT } from './scripts/claim-idle.script.js';
import { CLAIM_STALE_SCRIPT } from './scripts/claim-stale.script.js';
import { DEAD_LETTER_SCRIPT } from './scripts/dead-letter.script.js';
import { GIVE_BACK_SCRIPT } from './scripts/give-back.script.js';
import { LEAVE_SCRIPT } from './scripts/leave.script.js';
import { RECLAIM_SCRIPT } from './scripts/reclaim.script.js';
import { REDELIVER_OWN_SCRIPT } from './scripts/redeliver-own.script.js';
import { RENEW_SCRIPT } from './scripts/renew.script.js';
import { TAKE_PERMITS_SCRIPT } from './scripts/take-permits.script.js';
import { type DeliveredEntry, parseReadReply, type StreamEntry } from './stream-entry.js';
import { createGroup, type GroupInfo, type PendingSummary, readGroupInfo, readPendingSummary } from './stream-group.js';

export type { FencedOutcome, OwnPending } from './fenced.js';
export { deadLetterStream } from './redis-keys.js';

/** Whose eyes a stream is read with. */
export interface StreamMember {
  readonly stream: string;
  readonly group: string;
  /** Unique among the live processes of the group. */
  readonly consumer: string;
}

/** Lua's unpack() and the time a script may hold the server bound one call. */
const MAX_IDS = 500;

/**
 * One method per command on one stream, for one consumer of one group. Whatever changes a delivery checks inside Redis that
 * the caller still holds it: an entry and its delivery count name a delivery.
 */
export class RedisStream {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  private readonly reader: BlockingReader;
  private readonly aliveKey: string;
  private readonly permitsKey: string;

  constructor(
    private readonly connection: RedisConnection,
    member: StreamMember,
  ) {
    this.stream = member.stream;
    this.group = member.group;
    this.consumer = member.consumer;
    this.aliveKey = livenessRows(member.stream, member.group);
    this.permitsKey = permitBucket(member.stream, member.group);
    this.reader = connection.blockingReader();
  }

  /** Changes whenever entries may have been delivered to a lost socket: then call `readOwnPending` before the next `readNew`. */
  get epoch(): number {
    return this.reader.epoch;
  }

  /** Appends `data`; returns the entry's id. A lost answer is `PublishOutcomeUnknownError`. */
  add(data: string): Promise<string> {
    return appendOne(this.connection, this.stream, data);
  }

  /** Appends all in few writes; throws `BatchPublishError` unless every one is confirmed. */
  addMany(list: readonly string[]): Promise<string[]> {
    return appendAll(this.connection, this.stream, list);
  }

  /** Creates stream and group unless they exist; an existing group keeps its position. True when it was created. */
  ensureGroup(start = '0'): Promise<boolean> {
    return createGroup(this.connection, this.stream, this.group, start);
  }

  /** At most `count` entries that the group has not seen, waiting up to `blockMs` (>= 1) for the first. */
  readNew(count: number, blockMs: number): Promise<StreamEntry[]> {
    const { group, consumer, stream } = this;
    const command = [
      'xreadgroup',
      'GROUP',
      group,
      consumer,
      'COUNT',
      count,
      'BLOCK',
      blockMs,
      'STREAMS',
      stream,
      '>',
    ] as const;
    return this.reader.read(command, blockMs, parseReadReply);
  }

  /** Ends a `readNew` in progress at once; it resolves with nothing. */
  interrupt(): void {
    this.reader.interrupt();
  }

  /**
   * Delivers again what is pending under this consumer's name, `inFlight` excepted, counting a delivery for each.
   * @param after id to start behind; '0-0' for the beginning
   * @param isLost whatever was delivered once has been lost on its way here: that delivery is repeated and not counted twice
   */
  readOwnPending(after: string, count: number, inFlight: readonly string[] = [], isLost = false): Promise<OwnPending> {
    return this.run(REDELIVER_OWN_SCRIPT, [after, count, isLost ? 1 : 0, ...inFlight], parseOwnPending);
  }

  /** Acknowledges deliveries that are still this consumer's; one outcome each, in order. */
  ack(entries: readonly DeliveredEntry[]): Promise<FencedOutcome[]> {
    return this.runFenced(ACK_SCRIPT, entries);
  }

  /** Acknowledges entries whoever holds them; returns how many were pending. Handlers use `ack`, which checks. */
  async ackAnyway(ids: readonly string[]): Promise<number> {
    return Number(await this.connection.command('xack', [this.stream, this.group, ...ids]));
  }

  /** Starts the idle time of deliveries again, so that nobody claims them as stale. */
  renew(entries: readonly DeliveredEntry[]): Promise<FencedOutcome[]> {
    return this.runFenced(RENEW_SCRIPT, entries);
  }

  /** Undoes deliveries that were not worked on: claimable by anybody at once, not counted. */
  giveBack(entries: readonly DeliveredEntry[]): Promise<FencedOutcome[]> {
    return this.runFenced(GIVE_BACK_SCRIPT, entries);
  }

  /** Delivers an entry that is still this consumer's to it once more; the fields are `null` when it was trimmed meanwhile. */
  reclaim(entry: DeliveredEntry): Promise<StreamEntry | 'notPending' | 'notMine'> {
    return this.run(RECLAIM_SCRIPT, [entry.id, entry.deliveryCount], parseReclaimed);
  }

  /** One turn of care for the group: own liveness, entries of dead consumers, and, with `sweep`, entries idle for long. */
  claimStale(options: ClaimOptions): Promise<ClaimResult> {
    const otherKeys = [this.aliveKey, pausedGroups(this.stream)];
    return this.run(CLAIM_STALE_SCRIPT, claimArgs(options), parseClaimResult, ...otherKeys);
  }

  /** Whether somebody has paused the group. */
  isPaused(): Promise<boolean> {
    return isGroupPaused(this.connection, this.stream, this.group);
  }

  /** Claims entries that any consumer has left idle for `idleMs` (>= 0): what `claimStale` sweeps, without its bookkeeping. */
  claimIdle(idleMs: number, count: number, skipOwn: boolean): Promise<ClaimedEntries> {
    return this.run(CLAIM_IDLE_SCRIPT, [idleMs, count, skipOwn ? 1 : 0], parseClaimedIdle);
  }

  /** Moves a delivery to the dead-letter stream and acknowledges it, both or neither. */
  deadLetter(entry: DeliveredEntry, envelope: string): Promise<FencedOutcome> {
    const args = [entry.id, entry.deliveryCount, envelope];
    return this.run(DEAD_LETTER_SCRIPT, args, parseDeadLettered, deadLetterStream(this.stream));
  }

  /** Takes up to `wanted` permits to start messages, of those that the whole group shares. */
  takePermits(wanted: number, limit: { readonly messages: number; readonly perMs: number }): Promise<PermitAnswer> {
    return this.run(TAKE_PERMITS_SCRIPT, [wanted, limit.messages, limit.perMs], parsePermits, this.permitsKey);
  }

  /** Leaves the group for good: removed when nothing is pending, else marked dead for the others to claim. True if removed. */
  leave(): Promise<boolean> {
    return this.run(LEAVE_SCRIPT, [], (reply) => reply === 1, this.aliveKey);
  }

  pendingSummary(): Promise<PendingSummary> {
    return readPendingSummary(this.connection, this.stream, this.group);
  }

  groupInfo(): Promise<GroupInfo> {
    return readGroupInfo(this.connection, this.stream, this.group);
  }

  /** Ends a read in progress and closes the reading socket; the connection stays open. */
  close(): void {
    this.reader.close();
  }

  private async run<T>(
    script: RedisScript,
    args: readonly RedisArg[],
    parse: (reply: unknown) => T,
    ...otherKeys: readonly string[]
  ): Promise<T> {
    const reply = await this.connection.script(
      script,
      [this.stream, ...otherKeys],
      [this.group, this.consumer, ...args],
    );
    return this.connection.parse(reply, parse);
  }

  private runFenced(script: RedisScript, entries: readonly DeliveredEntry[]): Promise<FencedOutcome[]> {
    if (entries.length <= MAX_IDS) return this.run(script, fencedArgs(entries), parseOutcomes);
    return this.runInParts(script, entries);
  }

  private async runInParts(script: RedisScript, entries: readonly DeliveredEntry[]): Promise<FencedOutcome[]> {
    const outcomes: FencedOutcome[] = [];
    for (let from = 0; from < entries.length; from += MAX_IDS) {
      outcomes.push(...(await this.run(script, fencedArgs(entries.slice(from, from + MAX_IDS)), parseOutcomes)));
    }
    return outcomes;
  }
}

function fencedArgs(entries: readonly DeliveredEntry[]): RedisArg[] {
  const args: RedisArg[] = [];
  for (const { id, deliveryCount } of entries) args.push(id, deliveryCount);
  return args;
}

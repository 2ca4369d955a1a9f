import type { RedisArg } from './redis-socket.js';
import { expectArray, parseClaimedEntries, parseText, parseTexts, type StreamEntry } from './stream-entry.js';

/** How one turn of claiming goes. */
export interface ClaimOptions {
  /** How long this consumer counts as alive without another turn, in ms. */
  readonly livenessMs: number;
  /** At most this many entries. */
  readonly count: number;
  /** Also claims entries of any consumer that are idle for long; costs a look at the pending entries, so not on every turn. */
  readonly sweep?: SweepOptions;
  /** Entries delivered this often (>= 1) are suspects: claimed one at a time and only with `alone`. Default: no suspects. */
  readonly suspectAfter?: number;
  /** The caller has nothing else in flight and will run a suspect by itself. Default false. */
  readonly alone?: boolean;
}

export interface SweepOptions {
  /** Idle for at least this long, in ms (>= 1). */
  readonly idleMs: number;
  /** Where the last sweep stopped; '-' to begin. */
  readonly cursor: string;
  /** Leaves entries of this consumer's own name alone. */
  readonly skipOwn?: boolean;
  /** Ids to leave alone. */
  readonly inFlight?: readonly string[];
}

export interface ClaimedEntries {
  /** Claimed now, this delivery counted. */
  readonly entries: readonly StreamEntry[];
  /** Entries that the stream no longer holds: their content is lost. They were acknowledged. */
  readonly trimmed: readonly string[];
}

export interface ClaimResult extends ClaimedEntries {
  /** For the next sweep. */
  readonly cursor: string;
  /** There was more to claim than `count`: take the next turn without waiting. */
  readonly more: boolean;
  /** Suspects were seen and left alone. */
  readonly suspectsLeft: number;
  /** The only entry is a suspect: run it alone. */
  readonly isSuspect: boolean;
  /** False when the server was out of memory: this consumer's liveness could not be renewed. */
  readonly isAlive: boolean;
  /** The group is paused: nothing was looked for. */
  readonly isPaused: boolean;
}

const NO_SWEEP: SweepOptions = { idleMs: 0, cursor: '-' };

/** Arguments of the script after group and consumer. */
export function claimArgs(options: ClaimOptions): RedisArg[] {
  const { livenessMs, count, sweep = NO_SWEEP, suspectAfter = 0, alone = false } = options;
  const { idleMs, cursor, skipOwn = false, inFlight = [] } = sweep;
  return [livenessMs, count, idleMs, cursor, suspectAfter, flag(alone), flag(skipOwn), ...inFlight];
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}

export function parseClaimedIdle(reply: unknown): ClaimedEntries {
  const [entries, trimmed] = expectArray(reply, 'EVALSHA', 'claimed entries');
  return { entries: parseClaimedEntries(entries), trimmed: parseTexts(trimmed) };
}

export function parseClaimResult(reply: unknown): ClaimResult {
  const [entries, trimmed, cursor, more, suspectsLeft, isSuspect, isAlive, isPaused] = expectArray(
    reply,
    'EVALSHA',
    'the result of a claim',
  );
  return {
    entries: parseClaimedEntries(entries),
    trimmed: parseTexts(trimmed),
    cursor: parseText(cursor, 'EVALSHA'),
    more: more === 1,
    suspectsLeft: Number(suspectsLeft),
    isSuspect: isSuspect === 1,
    isAlive: isAlive === 1,
    isPaused: isPaused === 1,
  };
}

import { UnexpectedReplyError } from '../queue.errors.js';
import {
  expectArray,
  parseClaimedEntries,
  parseClaimedEntry,
  parseText,
  parseTexts,
  type StreamEntry,
} from './stream-entry.js';

/**
 * What a fenced command found: it was done; the entry is not pending (acknowledged already, trimmed, group reset); or the
 * entry was delivered again since, to somebody else or to this consumer.
 */
export type FencedOutcome = 'done' | 'notPending' | 'notMine';

/** Own pending entries that were delivered again. */
export interface OwnPending {
  readonly entries: readonly StreamEntry[];
  /** Entries that the stream no longer holds: their content is lost. They were acknowledged. */
  readonly trimmed: readonly string[];
  /** Where to go on; `undefined` at the end. */
  readonly last: string | undefined;
}

/** Numbers of a fenced script: 1, 0 or -1 for each entry. */
export function parseOutcomes(reply: unknown): FencedOutcome[] {
  return expectArray(reply, 'EVALSHA', 'a list of outcomes').map(parseOutcome);
}

/** The id of the dead letter, else an outcome. */
export function parseDeadLettered(reply: unknown): FencedOutcome {
  if (typeof reply === 'number') return parseOutcome(reply);
  parseText(reply, 'EVALSHA');
  return 'done';
}

export function parseReclaimed(reply: unknown): StreamEntry | 'notPending' | 'notMine' {
  if (reply === 0) return 'notPending';
  if (reply === -1) return 'notMine';
  return parseClaimedEntry(reply);
}

export function parseOwnPending(reply: unknown): OwnPending {
  const [entries, trimmed, last] = expectArray(reply, 'EVALSHA', 'pending entries');
  const next = parseText(last, 'EVALSHA');
  return { entries: parseClaimedEntries(entries), trimmed: parseTexts(trimmed), last: next === '' ? undefined : next };
}

function parseOutcome(reply: unknown): FencedOutcome {
  if (reply === 1) return 'done';
  if (reply === 0) return 'notPending';
  if (reply === -1) return 'notMine';
  throw new UnexpectedReplyError('EVALSHA', 'an outcome');
}

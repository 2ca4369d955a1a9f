import type { RedisConnection } from './redis-connection.js';
import { deadLetterStream, livenessRows, pausedGroups } from './redis-keys.js';
import { FORGET_CONSUMERS_SCRIPT } from './scripts/forget-consumers.script.js';
import { SURVEY_SCRIPT } from './scripts/survey.script.js';
import { TRIM_SCRIPT } from './scripts/trim.script.js';
import { expectArray, parseText } from './stream-entry.js';

/** How much of something is kept. */
export interface KeptAmount {
  readonly maxAgeMs: number;
  readonly maxLength: number;
}

/** What one step of upkeep did. */
export interface UpkeepStep {
  /** Entries or consumers that were removed. */
  readonly removed: number;
  /** There is more to do: go on without waiting. */
  readonly more: boolean;
}

export interface TrimStep extends UpkeepStep {
  /** Clock of the server. */
  readonly now: number;
  /** Of each group the id below which it has finished everything; `undefined`: it has finished all there is. */
  readonly bounds: ReadonlyMap<string, string | undefined>;
  /** Entries removed before a group had got them, by group; only where loss is allowed. */
  readonly lost: ReadonlyMap<string, number>;
  /** Unfinished entries removed. */
  readonly capped: number;
}

/** One group at one moment. */
export interface GroupSurvey {
  readonly group: string;
  readonly pending: number;
  readonly consumers: number;
  /** Entries not delivered yet; `null` when Redis does not know. */
  readonly lag: number | null;
  /** Id of the oldest pending entry, and of the oldest that was not delivered. */
  readonly oldestPending: string | undefined;
  readonly oldestUndelivered: string | undefined;
  readonly isPaused: boolean;
}

export interface StreamSurvey {
  /** Clock of the server. */
  readonly now: number;
  readonly length: number;
  readonly deadLetters: number;
  readonly groups: readonly GroupSurvey[];
}

/** Bounds the time for which one call holds the server. */
const MAX_ENTRIES = 10_000;
const MAX_CONSUMERS = 100;

const SCRIPT = 'EVALSHA';

/** Removes finished entries beyond `kept`, and with `allowLoss` unfinished ones beyond its length. */
export async function trimStream(
  connection: RedisConnection,
  stream: string,
  { maxAgeMs, maxLength, allowLoss }: KeptAmount & { readonly allowLoss: boolean },
): Promise<TrimStep> {
  const args = [maxAgeMs, maxLength, MAX_ENTRIES, allowLoss ? 1 : 0, 0];
  return connection.parse(await connection.script(TRIM_SCRIPT, [stream], args), parseTrimStep);
}

/** Removes dead letters beyond `kept`, except what a group that somebody has made on them has not finished. */
export async function trimDeadLetters(
  connection: RedisConnection,
  stream: string,
  { maxAgeMs, maxLength }: KeptAmount,
): Promise<TrimStep> {
  const args = [maxAgeMs, maxLength, MAX_ENTRIES, 0, 1];
  return connection.parse(await connection.script(TRIM_SCRIPT, [deadLetterStream(stream)], args), parseTrimStep);
}

/** Deletes consumers without a liveness row that have nothing pending and were idle for `idleMs`. */
export async function forgetConsumers(
  connection: RedisConnection,
  stream: string,
  group: string,
  idleMs: number,
): Promise<UpkeepStep> {
  const keys = [stream, livenessRows(stream, group)];
  const reply = await connection.script(FORGET_CONSUMERS_SCRIPT, keys, [group, idleMs, MAX_CONSUMERS]);
  return connection.parse(reply, parseStep);
}

export async function surveyStream(connection: RedisConnection, stream: string): Promise<StreamSurvey> {
  const reply = await connection.script(SURVEY_SCRIPT, [stream, deadLetterStream(stream), pausedGroups(stream)], []);
  return connection.parse(reply, parseSurvey);
}

function parseStep(reply: unknown): UpkeepStep {
  const [removed, more] = expectArray(reply, SCRIPT, 'a step of upkeep');
  return { removed: Number(removed), more: more === 1 };
}

function parseTrimStep(reply: unknown): TrimStep {
  const [, , now, bounds, lost, capped] = expectArray(reply, SCRIPT, 'what was trimmed');
  return {
    ...parseStep(reply),
    now: Number(now),
    bounds: new Map(pairs(bounds).map(([group, id]) => [group, optionalId(id)])),
    lost: new Map(pairs(lost).map(([group, count]) => [group, Number(count)])),
    capped: Number(capped),
  };
}

function parseSurvey(reply: unknown): StreamSurvey {
  const [now, length, deadLetters, groups] = expectArray(reply, SCRIPT, 'a survey');
  return {
    now: Number(now),
    length: Number(length),
    deadLetters: Number(deadLetters),
    groups: expectArray(groups, SCRIPT, 'a list of groups').map(parseGroup),
  };
}

function parseGroup(reply: unknown): GroupSurvey {
  const [group, pending, consumers, oldestPending, oldestUndelivered, isPaused, lag] = expectArray(
    reply,
    SCRIPT,
    'a group',
  );
  return {
    group: parseText(group, SCRIPT),
    pending: Number(pending),
    consumers: Number(consumers),
    lag: typeof lag === 'number' ? lag : null,
    oldestPending: optionalId(oldestPending),
    oldestUndelivered: optionalId(oldestUndelivered),
    isPaused: isPaused === 1,
  };
}

function pairs(reply: unknown): (readonly [string, unknown])[] {
  return expectArray(reply, SCRIPT, 'a list of groups').map((item) => {
    const [group, value] = expectArray(item, SCRIPT, 'a group');
    return [parseText(group, SCRIPT), value] as const;
  });
}

function optionalId(value: unknown): string | undefined {
  const id = parseText(value, SCRIPT);
  return id === '' ? undefined : id;
}

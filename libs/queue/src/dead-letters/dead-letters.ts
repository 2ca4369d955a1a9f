import { Logger } from '@nestjs/common';
import { OptionFaults } from '@safesync/core';
import type { DeadLetter } from '../delivery/dead-letter.js';
import { replayedFields } from '../message/replayed-entry.js';
import { refuseInSession } from '../publish/in-session.js';
import type { InSessionOptions } from '../publish/publish.options.js';
import type { QueueStreams, RegisteredStream } from '../registration/queue-streams.js';
import { DeadLetterLog } from '../stream/dead-letter-log.js';
import { type KeptLetter, readLetter } from './kept-letter.js';

/** Which dead letters `list` shows. */
export interface ListLettersOptions {
  /** The `id` of the last one seen: goes on behind it. Default: from the newest. */
  readonly after?: string;
  /** Default 100, at most 1 000. */
  readonly limit?: number;
  /** True: with `data` or `raw`, which hold what the producer sent. Default false. */
  readonly withContent?: boolean;
  /** True: from the oldest on. Default false. */
  readonly oldestFirst?: boolean;
}

/** Which of all dead letters of a stream; those that match every field given. */
export interface LetterFilter {
  readonly group?: string;
  readonly reason?: string;
}

/** What became of the letters that were to be replayed. */
export interface ReplayReport {
  readonly replayed: number;
  /** Not there (any more): replayed or discarded by somebody else, or trimmed. */
  readonly missing: readonly string[];
  /** Not written by this library, or of more than 3 500 fields: left where they are. */
  readonly unreadable: readonly string[];
  /** Of a group that does not exist: nobody would get them, so they are left where they are. */
  readonly withoutGroup: readonly string[];
}

const PAGE = 100;
const MAX_LIMIT = 1_000;

/** Looks at dead letters, puts them back or does away with them, for operators and their tools. Takes stream names of `forFeature`. */
export class DeadLetters {
  private readonly logger = new Logger('SafeSyncQueue');

  constructor(private readonly streams: QueueStreams) {}

  /** How many there are. Throws `UnknownStreamError`, or what Redis failed with, as all methods do. */
  async count(stream: string): Promise<number> {
    return logOf(this.streams.require(stream)).count();
  }

  /** A page of them, newest first, without what the producer sent unless asked for. */
  async list(stream: string, options: ListLettersOptions = {}): Promise<KeptLetter[]> {
    const { after, limit = PAGE, withContent = false, oldestFirst = false } = options;
    new OptionFaults('DeadLetters.list()').integer('limit', limit, 1, MAX_LIMIT).throwIfAny();
    const log = logOf(this.streams.require(stream));
    const records = await log.range({ after, count: limit, isNewestFirst: !oldestFirst });
    return records.map((record) => readLetter(record, withContent));
  }

  /** One, with what the producer sent; undefined when it is not there. */
  async get(stream: string, id: string): Promise<KeptLetter | undefined> {
    const record = await logOf(this.streams.require(stream)).get(id);
    return record && readLetter(record, true);
  }

  /**
   * Puts messages back into their stream, for the group that gave them up, as new deliveries with the id they had: by the ids of the
   * letters, or all that were there when the call began and match a filter. Each is put back and removed in one step, so two who replay at once
   * replay once. Do it when the cause is gone.
   *
   * Throws `PublishInSessionError` inside of an open session, as a publish does.
   */
  async replay(
    stream: string,
    which: readonly string[] | LetterFilter,
    options: InSessionOptions = {},
  ): Promise<ReplayReport> {
    refuseInSession(`A replay of dead letters of stream "${stream}"`, stream, options);
    const log = logOf(this.streams.require(stream));
    const report = { replayed: 0, missing: [] as string[], unreadable: [] as string[], withoutGroup: [] as string[] };
    for await (const [id, letter] of this.chosen(log, which)) {
      if (letter === undefined) report.missing.push(id);
      else if (letter.isUnreadable) report.unreadable.push(id);
      else {
        const outcome = await log.replay(id, (letter as DeadLetter).group, replayedFields(letter as DeadLetter));
        if (outcome === 'replayed') report.replayed += 1;
        else report[outcome].push(id);
      }
    }
    this.logger.log(`Stream "${stream}": ${report.replayed} dead letters were replayed.`);
    return report;
  }

  /** Removes letters for good; how many were there. `reason` is logged. Throws `PublishInSessionError` inside of an open session. */
  async discard(
    stream: string,
    ids: readonly string[],
    reason: string,
    options: InSessionOptions = {},
  ): Promise<number> {
    refuseInSession(`Discarding dead letters of stream "${stream}"`, stream, options);
    const log = logOf(this.streams.require(stream));
    requireIds(ids);
    let discarded = 0;
    for (let from = 0; from < ids.length; from += PAGE) discarded += await log.delete(ids.slice(from, from + PAGE));
    this.logger.log(`Stream "${stream}": ${discarded} dead letters were discarded (${reason}).`);
    return discarded;
  }

  private async *chosen(
    log: DeadLetterLog,
    which: readonly string[] | LetterFilter,
  ): AsyncGenerator<readonly [id: string, letter: KeptLetter | undefined]> {
    if (!isFilter(which)) {
      requireIds(which);
      for (const id of which) {
        const record = await log.get(id);
        yield [id, record && readLetter(record, true)];
      }
      return;
    }
    yield* this.matching(log, which);
  }

  private async *matching(log: DeadLetterLog, filter: LetterFilter): AsyncGenerator<readonly [string, KeptLetter]> {
    const [newest] = await log.range({ count: 1, isNewestFirst: true });
    // what becomes a dead letter again meanwhile is left for the next time
    for (let after: string | undefined, isMore = newest !== undefined; isMore; ) {
      const page = await log.range({ after, count: PAGE, isNewestFirst: false });
      const known = page.filter(({ id }) => !isNewer(id, newest?.id ?? ''));
      for (const letter of known.map((record) => readLetter(record, true))) {
        if (matches(letter, filter)) yield [letter.id, letter];
      }
      after = page.at(-1)?.id;
      isMore = page.length === PAGE && known.length === PAGE;
    }
  }
}

/** A part of an id would name whatever begins with it. */
function requireIds(ids: readonly string[]): void {
  const isOne = (id: unknown): boolean => typeof id === 'string' && /^\d+-\d+$/.test(id);
  new OptionFaults('DeadLetters')
    .require(ids.every(isOne), 'ids must be whole ids, such as 1763712345678-0')
    .throwIfAny();
}

/** By time, then by number. */
function isNewer(id: string, than: string): boolean {
  const [time = 0n, number = 0n] = id.split('-').map(BigInt);
  const [otherTime = 0n, otherNumber = 0n] = than.split('-').map(BigInt);
  return time > otherTime || (time === otherTime && number > otherNumber);
}

function logOf({ connection, key }: RegisteredStream): DeadLetterLog {
  return new DeadLetterLog(connection, key);
}

function isFilter(which: readonly string[] | LetterFilter): which is LetterFilter {
  return !Array.isArray(which);
}

function matches(letter: KeptLetter, { group, reason }: LetterFilter): boolean {
  return (group === undefined || letter.group === group) && (reason === undefined || letter.reason === reason);
}

import type { BlockingReader } from './blocking-reader.js';
import { type FencedOutcome, type OwnPending, parseOutcomes, parseOwnPending, parseReclaimed } from './fenced.js';
import type { RedisConnection } from './redis-connection.js';
import { activeRow, blockedKeysOf, unblockRequests } from './redis-keys.js';
import type { RedisScript } from './redis-script.js';
import type { RedisArg } from './redis-socket.js';
import type { StreamMember } from './redis-stream.js';
import { LEAD_SCRIPT, RESIGN_SCRIPT } from './scripts/lead.script.js';
import { MARKS_SCRIPT, PARK_SCRIPT, REQUEST_UNBLOCK_SCRIPT, UNBLOCK_SCRIPT } from './scripts/park.script.js';
import { READ_ACTIVE_SCRIPT } from './scripts/read-active.script.js';
import { TAKE_OVER_SCRIPT } from './scripts/take-over.script.js';
import { WAKE_SCRIPT } from './scripts/wake.script.js';
import {
  type DeliveredEntry,
  expectArray,
  parseReadReply,
  parseText,
  parseTexts,
  type StreamEntry,
} from './stream-entry.js';

/** What becomes of the entry that blocks a key when the key is unblocked. */
export type UnblockedHead = 'retry' | 'deadLetter';

/** Whether this consumer is the active one of its group, and what the active one is asked to do. */
export interface LeadAnswer {
  readonly isActive: boolean;
  /** It is the active one from now on: it was not when it asked, or its row had expired. */
  readonly isNew: boolean;
  readonly requests: readonly { readonly key: string; readonly head: UnblockedHead }[];
}

/** Entries, or the id after which new ones will come; undefined when the caller is not the active consumer. */
export type ActiveRead = readonly StreamEntry[] | string | undefined;

const NOT_ACTIVE = -2;

/**
 * The commands of a group in which one consumer is active at a time. What only the active one may do checks inside Redis that
 * the caller is: a process that stood still cannot go on as a second one.
 */
export class OrderedGroup {
  private readonly waiter: BlockingReader;
  private readonly activeKey: string;
  private readonly blockedKey: string;
  private readonly requestsKey: string;

  constructor(
    private readonly connection: RedisConnection,
    private readonly member: StreamMember,
  ) {
    const { stream, group } = member;
    this.activeKey = activeRow(stream, group);
    this.blockedKey = blockedKeysOf(stream, group);
    this.requestsKey = unblockRequests(stream, group);
    this.waiter = connection.blockingReader();
  }

  /** Becomes or stays the active consumer for `forMs`, unless another one is active. */
  lead(forMs: number): Promise<LeadAnswer> {
    return this.run(LEAD_SCRIPT, [this.activeKey, this.requestsKey], [forMs], parseLead);
  }

  /** Lets another consumer be the active one at once. */
  async resign(): Promise<void> {
    await this.run(RESIGN_SCRIPT, [this.activeKey], [], Number);
  }

  /** At most `count` entries that the group has not seen; does not wait. */
  readNew(count: number): Promise<ActiveRead> {
    return this.run(READ_ACTIVE_SCRIPT, [this.activeKey], [count], parseActiveRead);
  }

  /** Waits up to `blockMs` until the stream has an entry behind `after`. */
  async waitForNew(after: string, blockMs: number): Promise<void> {
    const command = ['xread', 'COUNT', 1, 'BLOCK', blockMs, 'STREAMS', this.member.stream, after] as const;
    await this.waiter.read(command, blockMs, parseReadReply);
  }

  /** Ends a `waitForNew` in progress at once. */
  interrupt(): void {
    this.waiter.interrupt();
  }

  /** Pending entries of the group behind `after`, in id order, made this consumer's; no delivery is counted. */
  takeOver(after: string, count: number, idleMs = 0): Promise<OwnPending | 'notActive'> {
    return this.run(TAKE_OVER_SCRIPT, [this.activeKey], [after, count, idleMs], (reply) =>
      reply === -1 ? 'notActive' : parseOwnPending(reply),
    );
  }

  /**
   * The content of an entry that is this consumer's; `isCounted` counts it as a delivery. Without a delivery count it need only be
   * this consumer's.
   */
  wake(
    id: string,
    deliveryCount: number | undefined,
    isCounted: boolean,
  ): Promise<StreamEntry | 'notPending' | 'notMine' | 'notActive'> {
    return this.run(WAKE_SCRIPT, [this.activeKey], [id, deliveryCount ?? '', isCounted ? 1 : 0], (reply) =>
      reply === NOT_ACTIVE ? 'notActive' : parseReclaimed(reply),
    );
  }

  /** Blocks `key` for all processes, now and later, because of this delivery. */
  park(entry: DeliveredEntry, key: string, mark: string): Promise<FencedOutcome> {
    const args = [entry.id, entry.deliveryCount, key, mark];
    return this.run(PARK_SCRIPT, [this.blockedKey], args, (reply) => parseOutcomes([reply])[0] as FencedOutcome);
  }

  /** Takes the mark off `key`; the deliveries of entry `head` are counted from 0 again. False: not the active consumer. */
  unblock(key: string, head: string): Promise<boolean> {
    const keys = [this.activeKey, this.blockedKey, this.requestsKey];
    return this.run(UNBLOCK_SCRIPT, keys, [key, head], (reply) => reply === 1);
  }

  /** Asks whichever consumer is active to unblock `key`. False: it is not blocked. */
  requestUnblock(key: string, head: UnblockedHead): Promise<boolean> {
    return this.run(REQUEST_UNBLOCK_SCRIPT, [this.blockedKey, this.requestsKey], [key, head], (reply) => reply === 1);
  }

  /** Blocked keys and their marks. */
  marks(): Promise<ReadonlyMap<string, string>> {
    return this.run(MARKS_SCRIPT, [this.blockedKey], [], (reply) => new Map(pairsOf(parseTexts(reply))));
  }

  /** Ends a wait in progress and closes its socket. */
  close(): void {
    this.waiter.close();
  }

  private async run<T>(
    script: RedisScript,
    otherKeys: readonly string[],
    args: readonly RedisArg[],
    parse: (reply: unknown) => T,
  ): Promise<T> {
    const { stream, group, consumer } = this.member;
    const reply = await this.connection.script(script, [stream, ...otherKeys], [group, consumer, ...args]);
    return this.connection.parse(reply, parse);
  }
}

function parseLead(reply: unknown): LeadAnswer {
  const [answer, requests] = expectArray(reply, 'EVALSHA', 'the active consumer');
  return {
    isActive: answer !== 0,
    isNew: answer === 2,
    requests: pairsOf(parseTexts(requests)).map(([key, head]) => ({
      key,
      head: head === 'deadLetter' ? 'deadLetter' : 'retry',
    })),
  };
}

function parseActiveRead(reply: unknown): ActiveRead {
  if (reply === -1) return undefined;
  return Array.isArray(reply) ? parseReadReply(reply) : parseText(reply, 'EVALSHA');
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i] as string, flat[i + 1] as string]);
  return pairs;
}

import { OptionFaults } from '@safesync/core';
import type { QueueStreams } from '../../registration/queue-streams.js';
import { OrderedGroup, type UnblockedHead } from '../../stream/ordered-group.js';
import type { ConsumerRegistry } from '../consumer.registry.js';
import { type BlockedKey, readMark } from './blocked-key.js';

export interface UnblockOptions {
  /** What becomes of the message that blocks the key: `retry` gives it a fresh round of deliveries, `deadLetter` moves it away. Default `retry`. */
  readonly head?: UnblockedHead;
}

/** The blocked keys of groups whose handlers order by key and park; from any process of the application. */
export class OrderedKeys {
  constructor(
    private readonly streams: QueueStreams,
    private readonly registry: Pick<ConsumerRegistry, 'lookForRequests' | 'waitingBehind'>,
  ) {}

  /** The keys of `group` whose messages wait, longest blocked first. Throws `UnknownStreamError`, or what Redis failed with. */
  async blockedKeys(stream: string, group: string): Promise<BlockedKey[]> {
    const { key: streamKey } = this.streams.require(stream);
    const marks = await this.within(stream, group, (ordered) => ordered.marks());
    const keys = [...marks].map(([key, text]): BlockedKey => {
      const waiting = this.registry.waitingBehind(streamKey, group, key);
      return { key, ...readMark(text), ...(waiting === undefined ? {} : { waiting }) };
    });
    return keys.toSorted((a, b) => a.since.localeCompare(b.since));
  }

  /**
   * Lets the messages of `key` go on. The active consumer does it: at once when it is in this process, else within
   * `claimIntervalMs`; without one, as soon as there is one. False: the key is not blocked.
   *
   * Throws `InvalidOptionsError`, `UnknownStreamError`, or what Redis failed with.
   */
  async unblock(stream: string, group: string, key: string, options: UnblockOptions = {}): Promise<boolean> {
    const { head = 'retry' } = options;
    new OptionFaults('OrderedKeys.unblock()')
      .require(head === 'retry' || head === 'deadLetter', 'head must be one of retry, deadLetter')
      .throwIfAny();
    const isBlocked = await this.within(stream, group, (ordered) => ordered.requestUnblock(key, head));
    this.registry.lookForRequests(this.streams.require(stream).key, group);
    return isBlocked;
  }

  private async within<T>(stream: string, group: string, work: (ordered: OrderedGroup) => Promise<T>): Promise<T> {
    const { connection, key } = this.streams.require(stream);
    const ordered = new OrderedGroup(connection, { stream: key, group, consumer: '' });
    try {
      return await work(ordered);
    } finally {
      ordered.close();
    }
  }
}

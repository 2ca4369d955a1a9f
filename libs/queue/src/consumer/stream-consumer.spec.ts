import { Deferred, noMetrics } from '@safesync/core';
import { GroupMissingError } from '../queue.errors.js';
import type { OwnPending } from '../stream/redis-stream.js';
import { StreamConsumer, type StreamConsumerParts } from './stream-consumer.js';

const nothing = (last: string | undefined): OwnPending => ({ entries: [], trimmed: [], last });
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** What a consumer asks of Redis; every read of new entries ends when the consumer is stopped. */
class FakeStream {
  readonly stream = 's';
  readonly group = 'g';
  epoch = 0;
  readonly drainedAfter: string[] = [];
  readonly drainedAsLost: boolean[] = [];
  readonly starts: string[] = [];
  readonly reading = new Deferred();
  private readonly interrupted = new Deferred();
  page: (after: string) => Promise<OwnPending> = () => Promise.resolve(nothing(undefined));
  isMissing = false;

  ensureGroup(start: string): Promise<boolean> {
    this.starts.push(start);
    return Promise.resolve(true);
  }
  isPaused(): Promise<boolean> {
    return Promise.resolve(false);
  }
  readOwnPending(after: string, _count: number, _held: readonly string[], isLost: boolean): Promise<OwnPending> {
    this.drainedAfter.push(after);
    this.drainedAsLost.push(isLost);
    return this.page(after);
  }
  async readNew(): Promise<[]> {
    if (this.isMissing) {
      this.isMissing = false;
      throw new GroupMissingError('xreadgroup', 'NOGROUP');
    }
    this.reading.resolve();
    await this.interrupted.promise;
    return [];
  }
  interrupt(): void {
    this.interrupted.resolve();
  }
}

const consumerOf = (stream: FakeStream, more: Partial<StreamConsumerParts> = {}): StreamConsumer =>
  new StreamConsumer({
    stream,
    blockMs: 1,
    groupStart: '$',
    lookForPause: () => () => undefined,
    metrics: noMetrics,
    logger: silent,
    demand: () => Promise.resolve(1),
    heldIds: () => [],
    take: () => undefined,
    takeBack: () => Promise.resolve(),
    undisturbed: (work) => work(),
    ...more,
  });

describe('StreamConsumer', () => {
  it('reads its pending entries from the beginning again when that is asked for while it reads them', async () => {
    const stream = new FakeStream();
    let asked = false;
    stream.page = (after) => {
      if (after === '0-0') return Promise.resolve(nothing(asked ? undefined : '5-0'));
      asked = true;
      consumer.requestDrain();
      return Promise.resolve(nothing(undefined));
    };
    const consumer = consumerOf(stream);
    consumer.start();
    await stream.reading.promise;
    await consumer.stop();
    expect(stream.drainedAfter).toEqual(['0-0', '5-0', '0-0']);
  });

  it('takes what is pending for lost on its way, unless it is the first look or something that has run is among it', async () => {
    const stream = new FakeStream();
    const drains = stream.drainedAsLost;
    const next = [() => consumer.requestDrain(), () => consumer.requestStrays(), () => consumer.requestDrain()];
    stream.page = () => {
      next[drains.length - 1]?.();
      return Promise.resolve(nothing(undefined));
    };
    const consumer = consumerOf(stream);
    consumer.start();
    await stream.reading.promise;
    await consumer.stop();
    expect(drains).toEqual([false, true, false, true]);
  });

  it('begins a group that vanished at 0, whatever groupStart says', async () => {
    const stream = new FakeStream();
    stream.isMissing = true;
    const consumer = consumerOf(stream);
    consumer.start();
    await stream.reading.promise;
    await consumer.stop();
    expect(stream.starts).toEqual(['$', '0']);
  });
});

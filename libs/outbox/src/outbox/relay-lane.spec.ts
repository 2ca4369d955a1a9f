import type { RegisteredStream } from '@safesync/queue';
import { RelayLane } from './relay-lane.js';

describe('RelayLane', () => {
  const connection = { isReady: true, epoch: 0 };
  let lane: RelayLane;
  const hasWork = (): boolean => lane.nextAt <= performance.now();

  beforeEach(() => {
    connection.isReady = true;
    connection.epoch = 0;
    lane = new RelayLane({ name: 's', connection } as unknown as RegisteredStream);
    lane.checked(0);
  });

  it('has nothing to do until something is committed or due', () => {
    expect([hasWork(), lane.wish(10)]).toEqual([false, undefined]);
    lane.dueIn(60_000);
    expect([hasWork(), lane.wish(10)]).toEqual([false, undefined]);
    lane.addCommitted([1n]);
    expect(hasWork()).toBe(true);
  });

  it('asks for what was committed here and for what is due by turns', () => {
    lane.addCommitted([1n, 2n, 3n]);
    lane.dueIn(0);
    expect(lane.wish(2)).toEqual({ kind: 'ids', ids: [1n, 2n] });
    lane.forget([1n, 2n]);
    expect(lane.wish(2)).toEqual({ kind: 'due' });
    expect(lane.wish(2)).toEqual({ kind: 'ids', ids: [3n] });
  });

  it('keeps what is due later when it has asked for what is due now', () => {
    lane.dueIn(60_000);
    lane.dueIn(0);
    expect(lane.wish(1)).toEqual({ kind: 'due' });
    expect(lane.nextAt).toBeGreaterThan(performance.now());
    expect(lane.nextAt).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('waits while Redis is away, while a batch is in progress and while Redis refuses everything', () => {
    lane.addCommitted([1n]);
    connection.isReady = false;
    expect(hasWork()).toBe(false);
    connection.isReady = true;
    lane.isBusy = true;
    expect(hasWork()).toBe(false);
    lane.isBusy = false;
    lane.pause(60_000);
    expect(hasWork()).toBe(false);
    lane.resume();
    lane.addCommitted([2n]);
    expect(hasWork()).toBe(true);
  });

  it('has to look after its entries again when the connection was replaced', () => {
    expect([lane.mustCheck, hasWork()]).toEqual([false, false]);
    connection.epoch = 1;
    expect([lane.mustCheck, hasWork()]).toEqual([true, true]);
  });

  it('leaves to the table what is too much to remember', () => {
    lane.addCommitted(Array.from({ length: 1_001 }, (_, at) => BigInt(at)));
    expect(lane.wish(10)).toEqual({ kind: 'due' });
    expect(lane.wish(10)).toBeUndefined();
  });
});

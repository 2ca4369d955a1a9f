import type { FencedOutcome } from '../stream/redis-stream.js';
import type { DeliveredEntry } from '../stream/stream-entry.js';
import { DeliverySignal } from './delivery-signal.js';
import { HeldEntry } from './held-entry.js';
import { LeaseKeeper } from './lease-keeper.js';

const times = { claimIdleMs: 60_000, livenessMs: 10_000 };

describe('LeaseKeeper', () => {
  let now: number;
  let renewed: DeliveredEntry[][];
  let answer: (entries: readonly DeliveredEntry[]) => FencedOutcome[];
  let keeper: LeaseKeeper;
  const hold = (id: string): HeldEntry => {
    const held = new HeldEntry({ id, fields: [], deliveryCount: 1 });
    held.leasedAt = now;
    return held;
  };
  beforeEach(() => {
    now = 1_000_000;
    renewed = [];
    answer = (entries) => entries.map(() => 'done');
    const stream = {
      renew: async (entries: readonly DeliveredEntry[]) => {
        renewed.push([...entries]);
        return answer(entries);
      },
    };
    keeper = new LeaseKeeper(stream, times, () => now);
  });

  it('asks nobody before a commit while nobody can have claimed the entry', () => {
    const held = hold('1-0');
    keeper.confirmAlive(now);
    now += 9_999;
    expect(keeper.confirm(held)).toBeUndefined();
    expect(renewed).toEqual([]);
  });

  it('asks Redis before a commit until this consumer has given a sign of life', async () => {
    const held = hold('1-0');
    await keeper.confirm(held);
    expect(renewed).toHaveLength(1);
    keeper.confirmAlive(now);
    expect(keeper.confirm(held)).toBeUndefined();
  });

  it.each([
    ['this consumer may count as dead', 10_000],
    ['the entry is idle for long', 60_000],
  ])('asks Redis before a commit when %s', async (_why, later) => {
    const held = hold('1-0');
    keeper.confirmAlive(now);
    now += later;
    await keeper.confirm(held);
    expect(renewed).toEqual([[{ id: '1-0', deliveryCount: 1 }]]);
  });

  it('asks Redis about what it held through a silence, also after the next sign of life', async () => {
    const held = hold('1-0');
    keeper.confirmAlive(now);
    now += 10_000;
    keeper.confirmAlive(now - 1);
    const later = hold('2-0');
    await keeper.confirm(held);
    expect(keeper.confirm(later)).toBeUndefined();
    expect(keeper.confirm(held)).toBeUndefined();
    expect(renewed).toEqual([[{ id: '1-0', deliveryCount: 1 }]]);
  });

  it('forbids the commit and interrupts the delivery when another consumer has the entry', async () => {
    const held = hold('1-0');
    const signal = new DeliverySignal();
    held.begin(signal);
    answer = () => ['notMine'];
    now += 60_000;
    await expect(keeper.confirm(held)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect([held.interruption, signal.aborted]).toEqual(['leaseLost', true]);
    expect(() => keeper.confirm(held)).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
  });

  it('renews what is old, in one call, and not what Redis is being asked about', async () => {
    const [old, moving] = [hold('1-0'), hold('2-0')];
    moving.state = 'moving';
    now += 20_000;
    await keeper.renewAged([old, moving, hold('3-0')]);
    expect(renewed).toEqual([[{ id: '1-0', deliveryCount: 1 }]]);
    await keeper.renewAged([old]);
    expect(renewed).toHaveLength(1);
  });

  it('does not mistake a delivery that was counted meanwhile for a lost one', async () => {
    const held = hold('1-0');
    answer = () => {
      held.redelivered({ id: '1-0', fields: [], deliveryCount: 2 });
      return ['notMine'];
    };
    expect(await keeper.renew(held)).toBe(true);
  });
});

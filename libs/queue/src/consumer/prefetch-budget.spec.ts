import type { StreamEntry } from '../stream/stream-entry.js';
import { HeldEntries } from './held-entries.js';
import { PrefetchBudget } from './prefetch-budget.js';

const entry = (id: number, bytes: number): StreamEntry => ({
  id: `${id}-0`,
  fields: [Buffer.alloc(4), Buffer.alloc(bytes - 4)],
  deliveryCount: 1,
});

describe('PrefetchBudget', () => {
  const learnMany = (budget: PrefetchBudget, bytes: number): void => {
    for (let n = 0; n < 500; n += 1) budget.learn(bytes);
  };

  it('takes entries for as large as they may be until it has seen one', () => {
    const budget = new PrefetchBudget(1_000, 100);
    expect(budget.fitting(50)).toBe(10);
    budget.learn(10);
    expect(budget.fitting(50)).toBe(50);
  });

  it('expects the largest at once, and forgets it slowly', () => {
    const budget = new PrefetchBudget(1_000, 10);
    budget.learn(10);
    budget.learn(500);
    expect(budget.fitting(50)).toBe(2);
    budget.learn(10);
    expect(budget.fitting(50)).toBe(2);
    learnMany(budget, 10);
    expect(budget.fitting(50)).toBeGreaterThan(45);
  });

  it('lets one in that is larger than all of it, and then none', async () => {
    const budget = new PrefetchBudget(1_000, 10);
    const held = new HeldEntries(budget);
    budget.learn(5_000);
    expect(budget.fitting(50)).toBe(1);
    const large = held.hold(entry(1, 5_000), false);
    expect([budget.fitting(50), budget.bytes]).toEqual([0, 5_000]);
    const room = budget.room(new AbortController().signal);
    held.release(large);
    await room;
    expect([budget.fitting(50), budget.bytes]).toEqual([1, 0]);
  });

  it('counts what is in memory: not content that was let go, and nothing twice', () => {
    const budget = new PrefetchBudget(1_000, 10);
    const held = new HeldEntries(budget);
    const one = held.hold(entry(1, 100), false);
    held.dropContent(one);
    expect(budget.bytes).toBe(0);
    held.redelivered(one, entry(1, 60));
    expect(budget.bytes).toBe(60);
    held.release(one);
    held.release(one);
    held.redelivered(one, entry(1, 60));
    expect(budget.bytes).toBe(0);
  });

  it('does not release what is held anew for one that was released before', () => {
    const held = new HeldEntries(new PrefetchBudget(1_000, 10));
    const first = held.hold(entry(1, 100), false);
    held.release(first);
    const second = held.hold(entry(1, 100), false);
    held.release(first);
    expect(held.get('1-0')).toBe(second);
  });
});

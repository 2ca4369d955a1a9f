import { HeldEntry } from '../delivery/held-entry.js';
import { DeliveryActions, type DeliveryActionsParts } from './delivery-actions.js';
import { HeldEntries } from './held-entries.js';
import { PrefetchBudget } from './prefetch-budget.js';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The actions of a consumer whose database answers and whose leases are its own; what they start, they only name. */
function actionsOf(more: Partial<DeliveryActionsParts> = {}) {
  const started: string[] = [];
  const held = new HeldEntries(new PrefetchBudget(1_000, 1_000));
  const stop = new AbortController();
  const actions = new DeliveryActions({
    stream: { stream: 's', group: 'g' },
    held,
    leases: { renew: () => Promise.resolve(true) },
    gate: { opened: () => Promise.resolve() },
    patienceMs: 600_000,
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
    signal: stop.signal,
    start: ({ id }) => void started.push(id),
    ...more,
  } as DeliveryActionsParts);
  const entry = held.hold({ id: '1-1', deliveryCount: 1, fields: [] }, false);
  return { actions, entry, held, started, stop };
}

describe('DeliveryActions.awaitDatabase', () => {
  it('starts the message again when the database answers', async () => {
    const { actions, entry, started } = actionsOf();
    actions.awaitDatabase(entry);
    expect(entry).toMatchObject({ state: 'paused', isUnstarted: true } satisfies Partial<HeldEntry>);
    await settled();
    expect(started).toEqual(['1-1']);
  });

  it('not beside a handler that ignores its signal: when that has left', async () => {
    const { actions, entry, started } = actionsOf();
    entry.enter();
    actions.awaitDatabase(entry);
    await settled();
    // whoever gives back what was not started must leave it: it runs
    expect([started, entry.isUnstarted]).toEqual([[], false]);
    entry.leave();
    await settled();
    expect(started).toEqual(['1-1']);
  });

  it('beside one that never leaves, after a time', async () => {
    const { actions, entry, started } = actionsOf({ patienceMs: 1 });
    entry.enter();
    actions.awaitDatabase(entry);
    for (let turn = 0; turn < 1_000 && started.length === 0; turn++) await settled();
    expect(started).toEqual(['1-1']);
  });

  it('not at all when it was lost meanwhile, or the consumer stops', async () => {
    const lost = actionsOf();
    const stopped = actionsOf();
    for (const { actions, entry } of [lost, stopped]) {
      entry.enter();
      actions.awaitDatabase(entry);
    }
    lost.held.release(lost.entry);
    stopped.stop.abort();
    for (const { entry } of [lost, stopped]) entry.leave();
    await settled();
    expect([lost.started, stopped.started]).toEqual([[], []]);
  });
});

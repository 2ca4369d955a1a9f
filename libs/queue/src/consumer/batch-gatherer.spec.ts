import { HeldEntry } from '../delivery/held-entry.js';
import { BatchGatherer, type BatchGathererOptions } from './batch-gatherer.js';

const LONG_MS = 600_000;
const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A gatherer, what it ran, and how to add an entry. */
function gathererOf(options: Partial<BatchGathererOptions>) {
  const batches: string[][] = [];
  const stop = new AbortController();
  stops.push(stop);
  const gatherer = new BatchGatherer({
    size: 3,
    waitMs: LONG_MS,
    concurrency: 2,
    isHurried: () => false,
    mayStart: () => undefined,
    run: async (batch) => void batches.push(batch.map(({ id }) => id)),
    signal: stop.signal,
    ...options,
  });
  const entry = (id: string, isSuspect = false) => new HeldEntry({ id, deliveryCount: 1, fields: [] }, isSuspect);
  const add = (...ids: string[]) => Promise.all(ids.map((id) => gatherer.add(entry(id))));
  return { gatherer, batches, entry, add, stop };
}

describe('a gatherer of batches', () => {
  it('starts a full batch, and has the rest wait for others', async () => {
    const { batches, add } = gathererOf({});
    const full = add('1', '2', '3');
    const rest = add('4');
    await full;
    await add('5', '6');
    await rest;
    expect(batches).toEqual([
      ['1', '2', '3'],
      ['4', '5', '6'],
    ]);
  });

  it('starts the rest when it has waited', async () => {
    const { batches, add } = gathererOf({ waitMs: 5 });
    await add('1', '2', '3', '4');
    expect(batches).toEqual([['1', '2', '3'], ['4']]);
  });

  it('control: without waitMs it takes what is there', async () => {
    const { batches, add } = gathererOf({ waitMs: 0 });
    await add('1', '2', '3', '4');
    await add('5', '6');
    expect(batches).toEqual([['1', '2', '3'], ['4'], ['5', '6']]);
  });

  it('has none wait for more while somebody waits for them all to end', async () => {
    let isHurried = false;
    const { gatherer, batches, add } = gathererOf({ isHurried: () => isHurried });
    const waiting = add('1', '2');
    isHurried = true;
    gatherer.hurry();
    await waiting;
    await add('3');
    expect(batches).toEqual([['1', '2'], ['3']]);
  });

  it('starts at once what runs alone, and leaves the others to wait', async () => {
    const { gatherer, batches, entry, add } = gathererOf({});
    const others = add('1');
    const failed = entry('2');
    failed.isAlone = true;
    await Promise.all([gatherer.add(failed), gatherer.add(entry('3', true))]);
    expect(batches).toEqual([['2'], ['3']]);
    await Promise.all([others, add('4', '5')]);
    expect(batches.at(-1)).toEqual(['1', '4', '5']);
  });

  it('lets go of what is withdrawn', async () => {
    const { gatherer, batches, entry, add } = gathererOf({});
    const gone = entry('1');
    const adding = gatherer.add(gone);
    gatherer.withdraw(gone);
    await adding;
    await add('2', '3', '4');
    expect(batches).toEqual([['2', '3', '4']]);
  });

  it('runs no more batches at once than it may', async () => {
    let running = 0;
    let most = 0;
    const run = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((done) => setImmediate(done));
      running -= 1;
    };
    const { add } = gathererOf({ size: 1, run });
    await add('1', '2', '3', '4', '5');
    expect([most, running]).toEqual([2, 0]);
  });

  it('ends the waiting of all when it stops, and starts nothing', async () => {
    const { batches, add, stop } = gathererOf({});
    const waiting = add('1', '2');
    stop.abort();
    await waiting;
    await add('3', '4', '5');
    expect(batches).toEqual([]);
  });
});

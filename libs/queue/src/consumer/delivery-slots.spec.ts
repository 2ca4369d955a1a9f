import { HeldEntry } from '../delivery/held-entry.js';
import { DeliverySlots } from './delivery-slots.js';

const never = new AbortController().signal;
const held = (id: string): HeldEntry => new HeldEntry({ id, fields: [], deliveryCount: 1 });
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('DeliverySlots', () => {
  let started: string[];
  let ends: Map<string, () => void>;
  let mayStart: boolean;
  let slots: DeliverySlots;
  const end = async (id: string): Promise<void> => {
    ends.get(id)?.();
    await settled();
  };
  beforeEach(() => {
    started = [];
    ends = new Map();
    mayStart = true;
    slots = new DeliverySlots({
      concurrency: 2,
      hurry: () => undefined,
      aloneMs: 60_000,
      mayStart: () => mayStart,
      run: ({ id }) => {
        started.push(id);
        return new Promise((resolve) => ends.set(id, resolve));
      },
    });
  });

  it('runs as many at once as it may, in order', async () => {
    for (const id of ['1', '2', '3', '4']) slots.add(held(id));
    expect(started).toEqual(['1', '2']);
    await end('2');
    expect(started).toEqual(['1', '2', '3']);
    slots.addFirst(held('0'));
    await end('1');
    expect(started).toEqual(['1', '2', '3', '0']);
  });

  it('frees the slot of a run that breaks its promise not to reject', async () => {
    const broken = new DeliverySlots({
      concurrency: 1,
      hurry: () => undefined,
      aloneMs: 60_000,
      mayStart: () => true,
      run: () => Promise.reject(new Error('broken')),
    });
    await expect(broken.runAlone(held('1'))).rejects.toThrow('broken');
    expect(broken.outstanding).toBe(0);
  });

  it('wants entries again when no more than one round is left', async () => {
    expect(slots.wanted).toBe(4);
    for (const id of ['1', '2', '3']) slots.add(held(id));
    expect(slots.wanted).toBe(0);
    const hungry = slots.hungry(never);
    await end('1');
    await hungry;
    expect(slots.wanted).toBe(2);
  });

  it('leaves room for claims when reads have filled it', () => {
    for (const id of ['1', '2', '3', '4']) slots.add(held(id));
    expect([slots.wanted, slots.spare]).toEqual([0, 2]);
  });

  it('starts nothing while it may not, and all when told', () => {
    mayStart = false;
    slots.add(held('1'));
    expect(started).toEqual([]);
    mayStart = true;
    slots.pump();
    expect(started).toEqual(['1']);
  });

  it('runs a suspect alone: after what runs, before what is ready', async () => {
    for (const id of ['1', '2', '3']) slots.add(held(id));
    const alone = slots.exclusively(() => slots.runAlone(held('suspect')), never);
    await end('1');
    expect([started, slots.wanted, slots.spare]).toEqual([['1', '2'], 0, 0]);
    await end('2');
    expect(started).toEqual(['1', '2', 'suspect']);
    await end('suspect');
    await alone;
    expect(started).toEqual(['1', '2', 'suspect', '3']);
  });

  describe('when time is over', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    it('lets the others go on beside a suspect without an end, which keeps its slot', async () => {
      const alone = slots.exclusively(() => slots.runAlone(held('suspect')), never);
      for (const id of ['1', '2']) slots.add(held(id));
      await jest.advanceTimersByTimeAsync(59_999);
      expect(started).toEqual(['suspect']);
      await jest.advanceTimersByTimeAsync(1);
      await alone;
      expect(started).toEqual(['suspect', '1']);
      await end('suspect');
      expect(started).toEqual(['suspect', '1', '2']);
      expect(jest.getTimerCount()).toBe(0);
    });

    it('runs a suspect beside a neighbour without an end', async () => {
      slots.add(held('1'));
      const alone = slots.exclusively(() => slots.runAlone(held('suspect')), never);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(started).toEqual(['1', 'suspect']);
      await end('suspect');
      await alone;
    });
  });

  it('gives two suspects one turn each', async () => {
    const first = slots.exclusively(() => slots.runAlone(held('a')), never);
    const second = slots.exclusively(() => slots.runAlone(held('b')), never);
    await settled();
    expect(started).toEqual(['a']);
    await end('a');
    await first;
    expect(started).toEqual(['a', 'b']);
    await end('b');
    await second;
  });

  it('forgets a suspect that waits when the consumer stops', async () => {
    const stopping = new AbortController();
    slots.add(held('1'));
    const alone = slots.exclusively(() => slots.runAlone(held('suspect')), stopping.signal);
    stopping.abort();
    await alone;
    expect(started).toEqual(['1']);
  });
});

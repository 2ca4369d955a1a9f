import fc from 'fast-check';
import { HeldEntry } from '../../delivery/held-entry.js';
import { compareEntryIds, KeyLanes } from './key-lanes.js';

const held = (id: string): HeldEntry => new HeldEntry({ id, fields: [], deliveryCount: 1 });

describe('KeyLanes', () => {
  it('gives the entries of a key their turns one after the other', () => {
    const lanes = new KeyLanes();
    const [a, b, c] = [held('1-0'), held('2-0'), held('3-0')];
    expect([a, b, c].map((entry) => lanes.enter('k', entry))).toEqual([true, false, false]);
    expect(lanes.leave('k', a)).toBe(b);
    expect([lanes.hasTurn('k', b), lanes.hasTurn('k', c)]).toEqual([true, false]);
    expect(lanes.leave('k', b)).toBe(c);
    expect(lanes.leave('k', c)).toBeUndefined();
    expect(lanes.enter('k', held('4-0'))).toBe(true);
  });

  it('keeps the keys apart', () => {
    const lanes = new KeyLanes();
    expect([lanes.enter('k', held('1-0')), lanes.enter('l', held('2-0'))]).toEqual([true, true]);
  });

  it('puts one that comes late where it belongs, and nobody before the one whose turn it is', () => {
    const lanes = new KeyLanes();
    const [current, early, late] = [held('5-0'), held('9-0'), held('10-0')];
    lanes.enter('k', current);
    lanes.enter('k', late);
    lanes.enter('k', early);
    expect(lanes.waiting('k')).toEqual([early, late]);
    expect(lanes.leave('k', current)).toBe(early);
  });

  it('gives nobody a turn while a key is blocked; then the one that had it goes first', () => {
    const lanes = new KeyLanes();
    const [a, b, c] = [held('1-0'), held('2-0'), held('3-0')];
    lanes.enter('k', a);
    lanes.enter('k', b);
    lanes.block('k');
    lanes.block('k');
    expect([lanes.enter('k', c), lanes.blockedCount, lanes.isBlocked('k')]).toEqual([false, 1, true]);
    expect(lanes.waiting('k')).toEqual([a, b, c]);
    expect([lanes.unblock('k'), lanes.blockedCount]).toEqual([a, 0]);
    expect(lanes.unblock('k')).toBeUndefined();
  });

  it('blocks a key of which there is nothing yet, and goes on when the one that blocks it is gone', () => {
    const lanes = new KeyLanes();
    const [a, b] = [held('1-0'), held('2-0')];
    lanes.block('k');
    lanes.enter('k', a);
    lanes.enter('k', b);
    expect(lanes.leave('k', a)).toBeUndefined();
    expect(lanes.unblock('k')).toBe(b);
  });

  it('forgets one that waits and is not held any more', () => {
    const lanes = new KeyLanes();
    const [a, b] = [held('1-0'), held('2-0')];
    lanes.enter('k', a);
    lanes.enter('k', b);
    expect(lanes.leave('k', b)).toBeUndefined();
    expect(lanes.leave('k', a)).toBeUndefined();
    expect(lanes.leave('k', a)).toBeUndefined();
  });

  it('never gives two of a key their turn at once, nor a later one before an earlier one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('enter', 'leave', 'block', 'unblock'), { maxLength: 60 }), (steps) => {
        const { isShared, done } = playedThrough(steps);
        expect([isShared, ...done]).toEqual([false, ...done.map((_, index) => index + 1)]);
      }),
    );
  });
});

/** Whether two ever had their turn at once, and who had it, in order. */
function playedThrough(steps: readonly string[]): { isShared: boolean; done: number[] } {
  const lanes = new KeyLanes();
  let next = 1;
  let current: HeldEntry | undefined;
  let isShared = false;
  const done: number[] = [];
  const play: Record<string, () => void> = {
    enter: () => {
      const entry = held(`${next++}-0`);
      if (!lanes.enter('k', entry)) return;
      isShared ||= current !== undefined;
      current = entry;
    },
    leave: () => {
      if (!current) return;
      done.push(Number.parseInt(current.id, 10));
      current = lanes.leave('k', current);
    },
    block: () => {
      lanes.block('k');
      current = undefined;
    },
    unblock: () => {
      if (lanes.isBlocked('k')) current = lanes.unblock('k');
    },
  };
  for (const step of steps) play[step]?.();
  return { isShared, done };
}

describe('compareEntryIds', () => {
  it.each([
    ['9-0', '10-0', -1],
    ['10-10', '10-9', 1],
    ['18446744073709551615-1', '18446744073709551614-9', 1],
    ['5-5', '5-5', 0],
  ])('%s to %s', (a, b, sign) => {
    expect(Math.sign(compareEntryIds(a, b))).toBe(sign);
  });
});

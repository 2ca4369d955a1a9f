import { SeededRandom } from '../seeded-random.js';
import { faultSchedule, type ScheduledFault } from './fault-schedule.js';

function first(count: number, seed: number): ScheduledFault[] {
  const schedule = faultSchedule({ seed, members: 3, everyMs: [5, 9], faults: ['kill', 'pause'] });
  return Array.from({ length: count }, () => schedule.next().value);
}

describe('faultSchedule', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(first(50, 7)).toEqual(first(50, 7));
    expect(first(50, 7)).not.toEqual(first(50, 8));
  });

  it('uses all that it may, and nothing else', () => {
    const faults = first(500, 1);
    expect(new Set(faults.map(({ member }) => member))).toEqual(new Set([0, 1, 2]));
    expect(new Set(faults.map(({ fault }) => fault))).toEqual(new Set(['kill', 'pause']));
    expect(new Set(faults.map(({ afterMs }) => afterMs))).toEqual(new Set([5, 6, 7, 8, 9]));
  });
});

describe('SeededRandom', () => {
  it('is the same on every machine', () => {
    const random = new SeededRandom(42);
    expect(Array.from({ length: 5 }, () => random.int(0, 999))).toEqual([601, 448, 852, 669, 174]);
  });

  it('spreads evenly', () => {
    const random = new SeededRandom(0);
    const drawn = Array.from({ length: 4_000 }, () => random.int(0, 3));
    for (const n of [0, 1, 2, 3]) expect(Math.abs(drawn.filter((one) => one === n).length - 1_000)).toBeLessThan(150);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b'])))).toEqual(new Set(['a', 'b']));
  });
});

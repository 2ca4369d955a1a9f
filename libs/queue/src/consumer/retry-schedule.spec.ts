import { HeldEntry } from '../delivery/held-entry.js';
import { MAX_WAITING, RetrySchedule } from './retry-schedule.js';

const never = new AbortController().signal;
const held = (id: number): HeldEntry => new HeldEntry({ id: `${id}-0`, fields: [], deliveryCount: 1 });

describe('RetrySchedule', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('has no room while so many wait that no new ones may be read, and room again when one was delivered', async () => {
    const redelivered: string[] = [];
    const schedule = new RetrySchedule({
      name: 'Handler.on',
      capacity: () => Promise.resolve(),
      redeliver: ({ id }) => Promise.resolve(void redelivered.push(id)),
      onError: (error) => {
        throw error;
      },
    });
    schedule.add(held(0), 1_000);
    for (let id = 1; id < MAX_WAITING - 1; id += 1) schedule.add(held(id), 3_600_000);
    expect(schedule.hasRoom).toBe(true);
    schedule.add(held(MAX_WAITING), 3_600_000);
    expect(schedule.hasRoom).toBe(false);
    schedule.start();
    const room = schedule.room(never);
    await jest.advanceTimersByTimeAsync(1_000);
    await room;
    expect([redelivered, schedule.hasRoom]).toEqual([['0-0'], true]);
    await schedule.stop();
  });
});

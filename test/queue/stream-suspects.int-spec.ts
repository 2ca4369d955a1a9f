import { type StreamEntry } from '@safesync/queue';
import { age, consumers, crashed, ids, member, NOTHING, name, redis, texts, turn } from './stream-crew.js';

describe('suspects', () => {
  const suspectAfter = 2;

  /** Entries whose consumer has died with them `times` times. */
  async function killers(count: number, times: number): Promise<StreamEntry[]> {
    const entries = await crashed('dead', texts(count));
    for (let i = 1; i < times; i++) await redis.client.xclaim(name, 'g', 'dead', 0, ...ids(entries));
    return entries;
  }

  it('are left alone unless the caller can run one by itself', async () => {
    await killers(2, 2);
    const live = member('live');
    expect(await turn(live, { suspectAfter })).toEqual({ ...NOTHING, suspectsLeft: 2 });
    expect(await consumers()).toEqual(['dead']);
  });

  it('are claimed one at a time, and nothing else with them', async () => {
    const entries = await killers(2, 2);
    const live = member('live');
    const first = await turn(live, { suspectAfter, alone: true });
    expect(first).toMatchObject({
      isSuspect: true,
      suspectsLeft: 1,
      entries: [{ id: entries[0]?.id, deliveryCount: 3 }],
    });
    const second = await turn(live, { suspectAfter, alone: true });
    expect(second).toMatchObject({
      isSuspect: true,
      suspectsLeft: 0,
      entries: [{ id: entries[1]?.id, deliveryCount: 3 }],
    });
    expect(await turn(live, { suspectAfter, alone: true })).toEqual(NOTHING);
  });

  it('at the head do not block the healthy behind them', async () => {
    const heads = await killers(15, 3);
    const healthy = await crashed('dead', texts(4));
    const live = member('live');
    const result = await turn(live, { count: 4, suspectAfter, alone: true });
    expect(ids(result.entries)).toEqual(ids(healthy));
    expect(result).toMatchObject({ isSuspect: false, suspectsLeft: heads.length });
  });

  it('are told from the idle ones too', async () => {
    const python = await killers(1, 2);
    await redis.client.zrem(`${name}:alive:g`, 'dead');
    await age(python, 'dead', 100_000);
    const sweep = { idleMs: 60_000, cursor: '-' };
    const live = member('live');
    expect(await turn(live, { suspectAfter, sweep })).toMatchObject({ entries: [], suspectsLeft: 1 });
    expect(await turn(live, { suspectAfter, sweep, alone: true })).toMatchObject({ isSuspect: true, suspectsLeft: 0 });
  });
});

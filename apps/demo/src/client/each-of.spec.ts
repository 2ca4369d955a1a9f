import { eachOf } from './each-of.js';

describe('eachOf', () => {
  it('does every item once, at most so many at a time', async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    await eachOf([1, 2, 3, 4, 5], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done.push(item);
    });
    expect(new Set(done)).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(most).toBe(2);
  });

  it('starts nothing more after a failure, and tells it', async () => {
    const begun: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await Promise.resolve();
      if (item === 1) throw new Error('no');
    };
    await expect(eachOf([1, 2, 3, 4], 2, work)).rejects.toThrow('no');
    expect(begun).toEqual([1, 2]);
  });
});

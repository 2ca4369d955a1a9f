import { Deferred } from '../async/deferred.js';
import { withDeadline } from './deadline.js';
import { sleep } from './sleep.js';

describe('time', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const late = () => new Error('too late');

  it('a deadline passes the result or the error of the work on', async () => {
    await expect(withDeadline(Promise.resolve(7), 10, late)).resolves.toBe(7);
    await expect(withDeadline(Promise.reject(new Error('own')), 10, late)).rejects.toThrow('own');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a deadline rejects once it expires and hands the late result over', async () => {
    const work = new Deferred<string>();
    const handedOver: string[] = [];
    const outcome = withDeadline(work.promise, 10, late, (value) => handedOver.push(value));
    jest.advanceTimersByTime(10);
    await expect(outcome).rejects.toThrow('too late');
    work.resolve('came after all');
    await work.promise;
    expect(handedOver).toEqual(['came after all']);
  });

  it("sleep ends with the signal, and a delay beyond a timer's range does not end at once", async () => {
    const controller = new AbortController();
    let awake = false;
    const nap = sleep(2 ** 40, controller.signal).then(() => {
      awake = true;
    });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(awake).toBe(false);
    controller.abort();
    await nap;
    expect(jest.getTimerCount()).toBe(0);
    await sleep(10, controller.signal);
  });
});

import type { WaitOptions } from '../session/waiting-line.js';
import { KeyMutex } from './key-mutex.js';

const patient: WaitOptions = {
  timeoutMs: 10_000,
  onTimeout: () => new Error('too long'),
  onAbort: (reason) => new Error('aborted', { cause: reason }),
};
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('KeyMutex', () => {
  it('lets one at a time in, in the order they came, and keys apart', async () => {
    const mutex = new KeyMutex();
    const order: string[] = [];
    const visit = async (key: string, name: string): Promise<() => void> => {
      const leave = await mutex.enter(key, patient);
      order.push(name);
      return leave;
    };
    const first = await visit('a', 'a1');
    const second = visit('a', 'a2');
    const third = visit('a', 'a3');
    (await visit('b', 'b1'))();
    expect(order).toEqual(['a1', 'b1']);
    first();
    (await second)();
    (await third)();
    expect(order).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  it('hands the turn over: who comes in between does not overtake', async () => {
    const mutex = new KeyMutex();
    const leave = await mutex.enter('a', patient);
    const waiting = mutex.enter('a', patient);
    leave();
    await expect(mutex.enter('a', { ...patient, timeoutMs: 0 })).rejects.toThrow('too long');
    (await waiting)();
  });

  it('does not count a turn that is ended twice', async () => {
    const mutex = new KeyMutex();
    const first = await mutex.enter('a', patient);
    const second = mutex.enter('a', patient);
    const third = mutex.enter('a', patient);
    first();
    first();
    const leaveSecond = await second;
    let hasThird = false;
    void third.then(() => {
      hasThird = true;
    });
    await tick();
    expect(hasThird).toBe(false);
    leaveSecond();
    (await third)();
  });

  it('drops those who gave up, by time or by signal, and serves the rest', async () => {
    const mutex = new KeyMutex();
    const leave = await mutex.enter('a', patient);
    const controller = new AbortController();
    const aborted = mutex.enter('a', { ...patient, signal: controller.signal });
    const short = mutex.enter('a', { ...patient, timeoutMs: 1 });
    const rest = mutex.enter('a', patient);
    controller.abort('enough');
    await expect(aborted).rejects.toMatchObject({ message: 'aborted', cause: 'enough' });
    await expect(short).rejects.toThrow('too long');
    await expect(mutex.enter('a', { ...patient, signal: controller.signal })).rejects.toThrow('aborted');
    leave();
    (await rest)();
    (await mutex.enter('a', { ...patient, timeoutMs: 0 }))();
  });
});

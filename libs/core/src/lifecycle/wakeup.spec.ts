import { Wakeup } from './wakeup.js';

const NEVER = 2 ** 40;

describe('Wakeup', () => {
  it('checks a condition again at every notice, and ends when it holds', async () => {
    const wakeup = new Wakeup();
    let checks = 0;
    const done = wakeup.until(() => ++checks === 3, new AbortController().signal);
    wakeup.notify();
    await Promise.resolve();
    wakeup.notify();
    await done;
    expect(checks).toBe(3);
  });

  it('wakes who sleeps, all of them, once', async () => {
    const wakeup = new Wakeup();
    const { signal } = new AbortController();
    const sleepers = Promise.all([wakeup.sleep(NEVER, signal), wakeup.sleep(NEVER, signal, { isIdle: true })]);
    wakeup.notify();
    await expect(sleepers).resolves.toHaveLength(2);
  });

  it('ends a sleep with its time', async () => {
    await expect(new Wakeup().sleep(1, new AbortController().signal)).resolves.toBeUndefined();
  });

  it.each(['before', 'meanwhile'])('ends when the signal aborts, %s', async (when) => {
    const wakeup = new Wakeup();
    const controller = new AbortController();
    if (when === 'before') controller.abort();
    const all = Promise.all([wakeup.sleep(NEVER, controller.signal), wakeup.until(() => false, controller.signal)]);
    controller.abort();
    await expect(all).resolves.toHaveLength(2);
  });
});

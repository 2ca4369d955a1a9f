import { StatementQueue } from './statement-queue.js';

describe('StatementQueue', () => {
  it('lets one through at a time, in the order they came', async () => {
    const queue = new StatementQueue();
    const order: string[] = [];
    const statement = async (name: string): Promise<void> => {
      await queue.enter();
      order.push(`${name} sent`);
      await Promise.resolve();
      order.push(`${name} answered`);
      queue.leave();
    };
    await Promise.all(['a', 'b', 'c'].map(statement));
    expect(order).toEqual(['a sent', 'a answered', 'b sent', 'b answered', 'c sent', 'c answered']);
  });

  it('does not let a newcomer pass those who wait', async () => {
    const queue = new StatementQueue();
    expect(queue.enter()).toBeUndefined();
    const order: string[] = [];
    const second = queue.enter()?.then(() => order.push('second'));
    queue.leave();
    const third = queue.enter()?.then(() => order.push('third'));
    expect(third).toBeDefined();
    await second;
    queue.leave();
    await third;
    expect(order).toEqual(['second', 'third']);
  });

  it('says how many were inside, when the last has left', async () => {
    const queue = new StatementQueue();
    expect(await queue.whenIdle()).toBe(0);
    expect(queue.enter()).toBeUndefined();
    const second = queue.enter();
    const idle = queue.whenIdle();
    queue.leave();
    await second;
    queue.leave();
    expect(await idle).toBe(2);
  });
});

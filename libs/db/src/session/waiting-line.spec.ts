import { WaitingLine, type WaitOptions } from './waiting-line.js';

describe('WaitingLine', () => {
  const options: WaitOptions = {
    timeoutMs: 60_000,
    onTimeout: () => new Error('too long'),
    onAbort: (reason) => new Error(`given up: ${String(reason)}`),
  };
  let line: WaitingLine<number>;
  let order: string[];
  const join = (name: string, more: Partial<WaitOptions> = {}): Promise<void> =>
    line.join({ ...options, ...more }).served.then(
      (value) => void order.push(`${name} ${value}`),
      (error: unknown) => void order.push(`${name}: ${(error as Error).message}`),
    );

  beforeEach(() => {
    line = new WaitingLine();
    order = [];
  });

  it('serves in the order of coming', async () => {
    const all = Promise.all([join('a'), join('b')]);
    expect([line.serve(1), line.serve(2), line.serve(3)]).toEqual([true, true, false]);
    await all;
    expect(order).toEqual(['a 1', 'b 2']);
  });

  it('lets those that go first and the others take turns', async () => {
    const all = Promise.all([join('a'), join('b'), ...['x', 'y', 'z'].map((name) => join(name, { isFirst: true }))]);
    for (let value = 1; value <= 5; value += 1) line.serve(value);
    await all;
    expect(order).toEqual(['x 1', 'a 2', 'y 3', 'b 4', 'z 5']);
  });

  it('ends the wait of the last to come, and of those that go first only when there is nobody else', async () => {
    const all = Promise.all([join('x', { isFirst: true }), join('a'), join('b')]);
    for (const message of ['one', 'two', 'three']) line.fail(new Error(message));
    line.fail(new Error('nobody is left'));
    await all;
    expect(order).toEqual(['b: one', 'a: two', 'x: three']);
  });

  it('forgets who gave up', async () => {
    const aborter = new AbortController();
    const gone = join('a', { signal: aborter.signal });
    const served = join('b');
    aborter.abort('enough');
    expect(line.length).toBe(1);
    line.serve(1);
    await Promise.all([gone, served]);
    expect(order).toEqual(['a: given up: enough', 'b 1']);
    await join('c', { signal: aborter.signal });
    await join('d', { timeoutMs: 0 });
    expect(order.slice(2)).toEqual(['c: given up: enough', 'd: too long']);
    expect(line.length).toBe(0);
  });
});

import { eventually, NotInTimeError } from './eventually.js';
import { TestSignal } from './test-signal.js';

describe('eventually', () => {
  it('asks until there is an answer and returns it', async () => {
    const answers = [undefined, null, false, 0];
    expect(await eventually(() => answers.shift(), { what: 'number', everyMs: 1 })).toBe(0);
  });

  it('asks again after an error', async () => {
    let asked = 0;
    const fact = async (): Promise<string> => {
      asked += 1;
      if (asked < 3) throw new Error('not yet');
      return 'now';
    };
    expect(await eventually(fact, { what: 'fact', everyMs: 1 })).toBe('now');
  });

  it('names the fact and its last answer when it does not come true', async () => {
    const never = eventually(() => false, { what: 'row 7', withinMs: 10, everyMs: 1 });
    await expect(never).rejects.toThrow(NotInTimeError);
    await expect(never).rejects.toThrow('row 7: not within 10 ms (last answer: false).');
    const failing = eventually(() => Promise.reject(new Error('refused')), { what: 'row 7', withinMs: 10, everyMs: 1 });
    await expect(failing).rejects.toThrow('last error: refused');
  });
});

describe('test signal', () => {
  it('hands events out in order, whether they come before or after they are awaited', async () => {
    const read = new TestSignal<number>('entry read');
    read.emit(1);
    const both = (async () => [await read.next(), await read.next()])();
    read.emit(2);
    expect(await both).toEqual([1, 2]);
    expect(read.count).toBe(2);
  });

  it('names itself when the event does not come', async () => {
    await expect(new TestSignal('entry read').next(5)).rejects.toThrow('signal "entry read": not within 5 ms');
  });
});

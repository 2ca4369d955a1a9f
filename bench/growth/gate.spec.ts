import { Gate } from './gate.js';

describe('gate of a backlog', () => {
  it('lets exactly as many through as it was opened for, and the next ones when it is opened again', async () => {
    const gate = new Gate(() => undefined);
    let begun = 0;
    const message = async (): Promise<void> => {
      await gate.pass();
      begun += 1;
      gate.finished();
    };
    const messages = [message(), message(), message()];
    await gate.open(2);
    expect(begun).toBe(2);
    await gate.open(1);
    await Promise.all(messages);
    expect(begun).toBe(3);
  });
});

import { Deferred } from '../async/deferred.js';
import { BackgroundLoop } from './background-loop.js';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('BackgroundLoop', () => {
  const failures: unknown[] = [];
  const loop = (turn: (signal: AbortSignal) => Promise<void>) =>
    new BackgroundLoop({
      name: 'test',
      turn,
      onError: (error) => failures.push(error),
      backoff: { baseMs: 1, maxMs: 1 },
    });
  beforeEach(() => failures.splice(0));

  it('turns until stopped, waits for the turn in progress, and starts again', async () => {
    const entered = new Deferred();
    const leave = new Deferred();
    let finished = 0;
    const it = loop(async () => {
      entered.resolve();
      await leave.promise;
      finished += 1;
    });
    it.start();
    it.start();
    await entered.promise;
    const stopped = it.stop();
    leave.resolve();
    await stopped;
    expect(finished).toBe(1);
    expect(it.isRunning).toBe(false);
    it.start();
    await nextTurn();
    await it.stop();
    expect(finished).toBeGreaterThan(1);
  });

  it('tolerates a stop before any start, and twice', async () => {
    const it = loop(nextTurn);
    await it.stop();
    it.start();
    await Promise.all([it.stop(), it.stop()]);
    expect(it.isRunning).toBe(false);
  });

  it('reports a turn that throws and goes on', async () => {
    const recovered = new Deferred();
    let turns = 0;
    const it = loop(async () => {
      turns += 1;
      if (turns < 3) throw new Error(`turn ${turns}`);
      recovered.resolve();
      await nextTurn();
    });
    it.start();
    await recovered.promise;
    await it.stop();
    expect(failures.map(String)).toEqual(['Error: turn 1', 'Error: turn 2']);
  });
});

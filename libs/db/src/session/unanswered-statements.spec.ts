import { UnansweredStatements } from './unanswered-statements.js';

/** The limit and the half second that the server's own answer gets. */
const LIMIT_MS = 1_000;
const GRACE_MS = 500;

describe('UnansweredStatements', () => {
  let silences: number;
  let statements: UnansweredStatements;
  const reject = (): (() => void) => () => undefined;

  beforeEach(() => {
    jest.useFakeTimers();
    silences = 0;
    statements = new UnansweredStatements(LIMIT_MS, () => {
      silences += 1;
    });
  });
  afterEach(() => jest.useRealTimers());

  it('tell of one that was not answered in its time', () => {
    statements.add(reject());
    jest.advanceTimersByTime(LIMIT_MS + GRACE_MS - 1);
    expect(silences).toBe(0);
    jest.advanceTimersByTime(1);
    expect(silences).toBe(1);
  });

  it('count the time of one from when those before it were answered', () => {
    const [first, second] = [reject(), reject()];
    statements.add(first);
    statements.add(second);
    jest.advanceTimersByTime(LIMIT_MS);
    statements.remove(first);
    jest.advanceTimersByTime(LIMIT_MS);
    expect(silences).toBe(0);
    jest.advanceTimersByTime(GRACE_MS);
    expect(silences).toBe(1);
  });

  it('count the time of one that follows an idle hour from its own start', () => {
    const first = reject();
    statements.add(first);
    statements.remove(first);
    jest.advanceTimersByTime(LIMIT_MS);
    statements.add(reject());
    jest.advanceTimersByTime(LIMIT_MS);
    expect(silences).toBe(0);
    jest.advanceTimersByTime(GRACE_MS);
    expect(silences).toBe(1);
  });

  it('leave a stream its time, and watch what is sent behind one that was left alone', async () => {
    const rows = reject();
    const streaming = statements.whileStreaming(async () => {
      statements.add(rows);
      await jest.advanceTimersByTimeAsync(10 * LIMIT_MS);
      expect(silences).toBe(0);
      statements.add(reject());
      await jest.advanceTimersByTimeAsync(LIMIT_MS + GRACE_MS);
    });
    await streaming;
    expect(silences).toBe(1);
  });

  it('have another time from when they are given one, or none', () => {
    statements.limit(0);
    statements.add(reject());
    jest.advanceTimersByTime(100 * LIMIT_MS);
    expect(silences).toBe(0);
  });
});

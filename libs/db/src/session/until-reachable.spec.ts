import { ConnectionLostError, StatementFailedError } from '../db.errors.js';
import { untilReachable } from './until-reachable.js';

describe('untilReachable', () => {
  it('repeats while the server cannot be reached, saying so', async () => {
    const lines: string[] = [];
    let calls = 0;
    const random = jest.spyOn(Math, 'random').mockReturnValue(0);
    const attempt = async (): Promise<string> => {
      calls += 1;
      if (calls < 3) throw new ConnectionLostError();
      return 'open';
    };
    expect(await untilReachable('the database', attempt, (line) => lines.push(line))).toBe('open');
    random.mockRestore();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^Waiting for the database: The connection to the database was lost.*Next attempt in \d+ ms/,
    );
  });

  it('throws at once what waiting would not change', async () => {
    const attempt = (): Promise<never> => Promise.reject(new StatementFailedError('Access denied.'));
    await expect(untilReachable('the database', attempt, () => undefined)).rejects.toThrow('Access denied.');
  });
});

import { SessionHooks } from './session-hooks.js';

describe('SessionHooks', () => {
  const run = async (hooks: SessionHooks, outcome: 'committed' | 'rolled_back' | 'unknown'): Promise<unknown[]> => {
    const errors: unknown[] = [];
    await hooks.run(outcome, (error) => errors.push(error));
    return errors;
  };

  it.each([
    ['committed', ['commit']],
    ['rolled_back', ['rollback']],
    ['unknown', []],
  ] as const)('runs after a session that %s: %p', async (outcome, expected) => {
    const ran: string[] = [];
    const hooks = new SessionHooks();
    hooks.afterCommit(() => void ran.push('commit'));
    hooks.afterRollback(() => void ran.push('rollback'));
    expect(await run(hooks, outcome)).toEqual([]);
    expect(ran).toEqual(expected);
  });

  it.each([
    ['committed', ['undone', 'commit before']],
    ['rolled_back', ['undone', 'rollback before']],
    ['unknown', ['undone']],
  ] as const)('follows what a savepoint undid, in a session that %s', async (outcome, expected) => {
    const ran: string[] = [];
    const hooks = new SessionHooks();
    hooks.afterCommit(() => void ran.push('commit before'));
    hooks.afterRollback(() => void ran.push('rollback before'));
    const mark = hooks.mark();
    hooks.afterCommit(() => void ran.push('never'));
    hooks.afterRollback(() => void ran.push('undone'));
    hooks.undoTo(mark);
    await run(hooks, outcome);
    expect(ran).toEqual(expected);
  });

  it('reports each hook that fails and goes on', async () => {
    const hooks = new SessionHooks();
    const [first, second] = [new Error('first'), new Error('second')];
    hooks.afterCommit(() => {
      throw first;
    });
    hooks.afterCommit(() => Promise.reject(second));
    expect(await run(hooks, 'committed')).toEqual([first, second]);
  });
});

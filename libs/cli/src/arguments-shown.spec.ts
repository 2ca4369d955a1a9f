import { hideArguments } from './arguments-shown.js';

describe('arguments in a message', () => {
  it.each([
    ['an unknown option', '--urll=mysql://app:canary@db/bank', '--urll=...'],
    ['a short one', '-pcanary', '-p...'],
    ['a URL in the place of a command', 'mysql://app:canary@db/bank', 'mysql:...'],
    ['a value of several lines', '--x=a\ncanary', '--x=...'],
  ])('are cut down to their name: %s', (_what, arg, short) => {
    expect(hideArguments(`unknown '${arg}'`, ['migrate', arg])).toBe(`unknown '${short}'`);
  });

  it('are found where only what follows their = is repeated', () => {
    const arg = '--table=mysql://app:canary@db/bank';
    expect(hideArguments("argument 'mysql://app:canary@db/bank' is invalid", [arg])).toBe(
      "argument 'mysql:...' is invalid",
    );
  });

  it('stay as they are where they are only a name', () => {
    expect(hideArguments("unknown command 'migrat', not '-x'", ['migrat', '-x'])).toBe(
      "unknown command 'migrat', not '-x'",
    );
  });
});

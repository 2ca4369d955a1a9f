import { NonRetryableError } from '../queue.errors.js';
import { describeError, framesOf, summarizeError } from './error-summary.js';

describe('framesOf', () => {
  it('says where an error was thrown, without its message', () => {
    const frames = framesOf(new Error('canary\n    at canary:1'));
    expect(frames).toMatch(/^ {4}at .*error-summary\.spec\.ts:\d+:\d+/);
    expect(frames).not.toContain('canary');
  });

  it.each([null, undefined, 'text', {}, Object.assign(new Error('x'), { stack: 5 })])(
    'says nothing about %p',
    (thrown) => {
      expect(framesOf(thrown)).toBe('');
    },
  );
});

class HostileError extends Error {
  override get message(): string {
    throw new Error('reading this fails');
  }
  get sql(): string {
    throw new Error('so does this');
  }
}

describe('summarizeError', () => {
  it.each([
    ['null', null, { name: 'object', message: 'a thrown null' }],
    ['undefined', undefined, { name: 'undefined', message: 'a thrown undefined' }],
    ['a string, whose text may be anything', 'secret', { name: 'string', message: 'a thrown string' }],
    ['a frozen object', Object.freeze({}), { name: 'Error', message: '' }],
    ['an error', new TypeError('x is not a function'), { name: 'TypeError', message: 'x is not a function' }],
    [
      'an error of ours',
      new NonRetryableError('Account closed.'),
      expect.objectContaining({ name: 'NonRetryableError', code: 'NON_RETRYABLE' }),
    ],
  ])('takes %s', (_what, thrown, summary) => {
    expect(summarizeError(thrown)).toEqual(summary);
  });

  it('leaves out what a driver wrote, which holds values and passwords', () => {
    const sql = Object.assign(new Error("Duplicate entry 'canary' for key 'k'"), {
      code: 'ER_DUP_ENTRY',
      sql: "INSERT INTO t VALUES ('canary')",
    });
    const redis = Object.assign(new Error('WRONGPASS canary'), { command: { name: 'auth', args: ['canary'] } });
    expect(JSON.stringify([summarizeError(sql), summarizeError(redis)])).not.toContain('canary');
    expect(describeError(sql)).toBe('Error [ER_DUP_ENTRY]: (message of the driver left out)');
  });

  it('survives an error whose getters throw', () => {
    expect(summarizeError(new HostileError())).toEqual({ name: 'Error', message: '(message of the driver left out)' });
  });

  it('cuts what has no end', () => {
    const { name, message } = summarizeError(Object.assign(new Error('m'.repeat(9_999)), { name: 'n'.repeat(9_999) }));
    expect([name.length, message.length]).toEqual([100, 1_000]);
  });
});

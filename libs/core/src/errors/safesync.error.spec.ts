import { InvalidOptionsError, OptionFaults } from './options.error.js';
import { isSafeSyncError, SafeSyncError } from './safesync.error.js';

class LampOutError extends SafeSyncError {
  constructor(cause?: unknown) {
    super('The lamp "hall" is out.', { code: 'LAMP_OUT', remedy: 'Change the bulb.', cause });
  }
}

describe('SafeSyncError', () => {
  it('carries code, remedy and cause, and prints what happened before what to do', () => {
    const cause = new Error('filament');
    const error = new LampOutError(cause);
    expect(error).toMatchObject({ name: 'LampOutError', code: 'LAMP_OUT', remedy: 'Change the bulb.', cause });
    expect(error.message).toBe('The lamp "hall" is out. Change the bulb.');
    expect('cause' in new LampOutError()).toBe(false);
  });

  it('is recognised by brand and code, whatever copy of the library made it', () => {
    const foreign = Object.assign(new Error('x'), { code: 'LAMP_OUT', [Symbol.for('@safesync/error')]: true });
    expect(isSafeSyncError(foreign, 'LAMP_OUT')).toBe(true);
    expect(isSafeSyncError(foreign, 'OTHER')).toBe(false);
    for (const stranger of [new Error('x'), { code: 'LAMP_OUT' }, null, undefined, 'LAMP_OUT']) {
      expect(isSafeSyncError(stranger)).toBe(false);
    }
  });
});

describe('OptionFaults', () => {
  it('reports every fault at once', () => {
    const faults = new OptionFaults('SafeSyncQueueModule options')
      .integer('drainMs', -1, 0)
      .integer('concurrency', 1.5, 1, 100)
      .integer('prefetch', 3, 0)
      .require(false, 'url must be given');
    expect(() => faults.throwIfAny()).toThrow(InvalidOptionsError);
    expect(() => faults.throwIfAny()).toThrow(
      'SafeSyncQueueModule options: drainMs must be an integer >= 0; concurrency must be an integer from 1 to 100; url must be given.',
    );
    expect(() => new OptionFaults('none').throwIfAny()).not.toThrow();
  });
});

import { resolveDbOptions } from '../db.options.js';
import { SessionDeadline } from './session-deadline.js';

const { defaults } = resolveDbOptions();

describe('SessionDeadline', () => {
  it('tells of a signal that aborted before anybody watched', () => {
    const seen: unknown[] = [];
    const deadline = new SessionDeadline({ ...defaults, signal: AbortSignal.abort('gone') });
    deadline.watch((reason) => seen.push(reason))();
    expect(seen).toMatchObject([{ code: 'SESSION_ABORTED', cause: 'gone' }]);
  });

  it('tells of a signal that aborts later, unless called off', () => {
    const seen: unknown[] = [];
    const controller = new AbortController();
    const deadline = new SessionDeadline({ ...defaults, signal: controller.signal });
    deadline.watch((reason) => seen.push(['called off', reason]))();
    const callOff = deadline.watch((reason) => seen.push(reason));
    controller.abort('gone');
    callOff();
    expect(seen).toMatchObject([{ code: 'SESSION_ABORTED', cause: 'gone' }]);
  });
});

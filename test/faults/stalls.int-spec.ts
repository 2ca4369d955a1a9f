import { pausedLocks } from './cases/paused-locks.js';
import { blockedLoop, paused } from './cases/stalls.js';
import { describeFaultCase } from './fault-case.contract.js';

describeFaultCase(paused, ['paused before COMMIT', 'control: paused before COMMIT, no inbox'], {
  only: 'before COMMIT',
});

describeFaultCase(blockedLoop, ['blocked before COMMIT', 'control: blocked before COMMIT, no inbox'], {
  only: 'before COMMIT',
});

describeFaultCase(pausedLocks, [
  'a fenced write',
  'a write in the session of the lease',
  'COMMIT of that session',
  'a write in the session of an advisory lock',
  'control: a write without a fence',
]);

import { blockedLoop, paused } from './cases/stalls.js';
import { describeFaultCase } from './fault-case.contract.js';

describeFaultCase(paused, ['paused before COMMIT', 'control: paused before COMMIT, no inbox'], {
  only: 'before COMMIT',
});

describeFaultCase(blockedLoop, ['blocked before COMMIT', 'control: blocked before COMMIT, no inbox'], {
  only: 'before COMMIT',
});

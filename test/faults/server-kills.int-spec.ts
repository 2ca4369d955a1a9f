import { serverKills } from './cases/server-kills.js';
import { describeFaultCase } from './fault-case.contract.js';

// the other points need some thirty processes more: npm run test:faults -- server-kills
describeFaultCase(
  serverKills,
  [
    'mysql, before COMMIT',
    'mysql, after COMMIT',
    'redis, before COMMIT',
    'redis, after COMMIT',
    'control: redis without a file, in the handler',
  ],
  { only: 'COMMIT' },
);

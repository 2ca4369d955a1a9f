import { killedStatements } from './cases/killed-statements.js';
import { partitions } from './cases/partitions.js';
import { redisLoss } from './cases/redis-loss.js';
import { describeFaultCase } from './fault-case.contract.js';

describeFaultCase(killedStatements, ['KILL CONNECTION', 'KILL QUERY', 'control: effects beside the session'], {
  faultMs: 1_000,
});

describeFaultCase(redisLoss, [
  'kill -9, same data',
  'kill -9, empty again',
  'FLUSHALL',
  'DEL of the stream',
  'XGROUP DESTROY',
  'control: XGROUP DESTROY, no inbox',
]);

describeFaultCase(
  partitions,
  ['redis answers lost', 'mysql answers lost', 'control: mysql COMMIT unanswered, no inbox'],
  { only: 'answers lost' },
);

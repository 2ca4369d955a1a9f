import { commitAck } from './cases/commit-ack.js';
import { killPoints } from './cases/kill-points.js';
import { outboxKills } from './cases/outbox-kills.js';
import { outboxPoints } from './cases/outbox-points.js';
import { randomKills } from './cases/random-kills.js';
import { describeFaultCase } from './fault-case.contract.js';

describeFaultCase(killPoints, [
  'after the fetch',
  'before BEGIN',
  'after BEGIN',
  'after the inbox insert',
  'in the handler',
  'before COMMIT',
  'after COMMIT',
  'before the acknowledgement',
  'after the acknowledgement',
  'before a claim',
  'after a claim',
  'before the liveness beat',
  'after the liveness beat',
  'before the dead letter',
  'after the dead letter',
  'control: after COMMIT, no inbox',
]);

describeFaultCase(commitAck, ['after COMMIT', 'before the acknowledgement', 'control: after COMMIT, no inbox']);

describeFaultCase(randomKills, ['3 workers', 'control: no inbox']);

describeFaultCase(outboxPoints, [
  'the writer, before the outbox insert',
  'the writer, after the outbox insert',
  'the writer, before COMMIT',
  'the writer, after COMMIT',
  'the relay, after the claim',
  'the relay, before the append',
  'the relay, after the append',
  'the relay, before the mark',
  'the relay, after the mark',
  'the relay, after COMMIT',
  'control: the writer, after COMMIT, no outbox',
]);

describeFaultCase(outboxKills, ['3 processes', 'control: no inbox']);

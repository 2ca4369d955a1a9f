import { commitAck } from './cases/commit-ack.js';
import { fuzz } from './cases/fuzz.js';
import { killPoints } from './cases/kill-points.js';
import { killedStatements } from './cases/killed-statements.js';
import { money } from './cases/money.js';
import { outboxKills } from './cases/outbox-kills.js';
import { outboxPoints } from './cases/outbox-points.js';
import { partitions } from './cases/partitions.js';
import { pausedLocks } from './cases/paused-locks.js';
import { poison } from './cases/poison.js';
import { randomKills } from './cases/random-kills.js';
import { redisLoss } from './cases/redis-loss.js';
import { serverKills } from './cases/server-kills.js';
import { soak } from './cases/soak.js';
import { blockedLoop, paused } from './cases/stalls.js';
import type { FaultCase } from './kit/fault-case.js';

/** All cases, by the names that the command knows. */
export const FAULT_CASES: readonly FaultCase[] = [
  killPoints,
  randomKills,
  commitAck,
  outboxPoints,
  outboxKills,
  killedStatements,
  money,
  paused,
  blockedLoop,
  pausedLocks,
  poison,
  fuzz,
  serverKills,
  redisLoss,
  partitions,
  soak,
];

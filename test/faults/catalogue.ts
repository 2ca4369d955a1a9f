import { commitAck } from './cases/commit-ack.js';
import { killPoints } from './cases/kill-points.js';
import { killedStatements } from './cases/killed-statements.js';
import { poison } from './cases/poison.js';
import { randomKills } from './cases/random-kills.js';
import { blockedLoop, paused } from './cases/stalls.js';
import type { FaultCase } from './kit/fault-case.js';

/** All cases, by the names that the command knows. */
export const FAULT_CASES: readonly FaultCase[] = [
  killPoints,
  randomKills,
  commitAck,
  killedStatements,
  paused,
  blockedLoop,
  poison,
];

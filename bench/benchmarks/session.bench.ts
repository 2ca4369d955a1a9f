import { runSessions, SESSION_FIGURES } from '../session/session-run.js';
import { atOnce, type Benchmark, type Goal } from './benchmark.js';

const CASES = atOnce(1, 16);

export const benchmark: Benchmark = {
  name: 'session',
  title: 'a transaction of one UPDATE, against a pool by hand, pinned connections and three ways of TypeORM',
  unit: 'sessions',
  ours: 'safesync',
  contenders: [
    { key: 'safesync', title: 'ours: DbSessions.run', module: 'safesync/session.js' },
    { key: 'pool', title: 'mysql2 pool by hand', module: 'reference/session-pool.js' },
    { key: 'pinned', title: 'pinned, no BEGIN', module: 'reference/session-pinned.js' },
    { key: 'typeormTransaction', title: 'TypeORM, SQL', module: 'reference/session-typeorm-transaction.js' },
    { key: 'typeormUpdate', title: 'TypeORM update', module: 'reference/session-typeorm-update.js' },
    { key: 'typeormSave', title: 'TypeORM save', module: 'reference/session-typeorm-save.js' },
  ],
  cases: CASES,
  figures: SESSION_FIGURES,
  goals: CASES.flatMap(({ key }) => goalsAt(key)),
  full: { runs: 5, size: 10_000, cases: ['c1', 'c16'] },
  quick: { runs: 1, size: 300, cases: ['c16'] },
  run: runSessions,
};

/** PF-4. */
function goalsAt(circumstance: string): Goal[] {
  const ratio = { case: circumstance, figure: 'sessionsPerSecond' };
  return [
    { id: `PF-4.${circumstance}.pool`, ...ratio, against: 'pool', atLeast: 0.95 },
    { id: `PF-4.${circumstance}.typeormTransaction`, ...ratio, against: 'typeormTransaction', atLeast: 1.2 },
    { id: `PF-4.${circumstance}.statements`, case: circumstance, figure: 'statements', atMost: 2 },
  ];
}

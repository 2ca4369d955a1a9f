import { runTransfers, TRANSFER_FIGURES } from '../transfer/transfer-run.js';
import { BULLMQ, OURS, type TransferContender } from '../transfer/transfer-scene.js';
import { atOnce, type Benchmark, type Goal } from './benchmark.js';

/** Of the handler; the commit is one more, the inbox another. */
const STATEMENTS = 3;
const CASES = atOnce(1, 8, 32);

export const benchmark: Benchmark<TransferContender> = {
  name: 'stream',
  title: 'transfers from a stream into the database, against hand-written loops and TypeORM',
  unit: 'messages',
  ours: 'safesync',
  contenders: [
    { key: 'safesync', title: 'ours: @StreamHandler', module: 'safesync/transfer-handler.js', ...OURS },
    { key: 'exactlyOnce', title: 'ours: exactlyOnce', module: 'safesync/exactly-once-handler.js', ...OURS },
    { key: 'handWritten', title: 'A hand-written loop', module: 'reference/hand-written.js' },
    { key: 'handTuned', title: 'B tuned by hand', module: 'reference/hand-tuned.js' },
    { key: 'typeorm', title: 'C TypeORM loop', module: 'reference/typeorm-loop.js' },
    { key: 'bullmqTypeorm', title: 'D BullMQ and TypeORM', module: 'reference/bullmq-typeorm.js', ...BULLMQ },
    { key: 'bullmqMysql2', title: 'E BullMQ and mysql2', module: 'reference/bullmq-mysql2.js', ...BULLMQ },
  ],
  cases: CASES,
  figures: TRANSFER_FIGURES,
  goals: CASES.flatMap(({ key }) => goalsAt(key)),
  full: { runs: 5, size: 10_000, cases: ['c1', 'c8', 'c32'] },
  quick: { runs: 1, size: 400, cases: ['c8'] },
  run: runTransfers,
};

/** PF-1. */
function goalsAt(circumstance: string): Goal[] {
  const goal = (id: string, rest: Omit<Goal, 'id' | 'case'>): Goal => ({
    id: `PF-1.${circumstance}.${id}`,
    case: circumstance,
    ...rest,
  });
  const figure = 'messagesPerSecond';
  return [
    goal('handWritten', { figure, against: 'handWritten', atLeast: 1.1 }),
    goal('handTuned', { figure, against: 'handTuned', atLeast: 0.9 }),
    goal('typeorm', { figure, against: 'typeorm', atLeast: 1.3 }),
    goal('bullmqTypeorm', { figure, against: 'bullmqTypeorm', atLeast: 2 }),
    goal('exactlyOnce', { figure, of: 'exactlyOnce', against: 'safesync', atLeast: 0.88 }),
    goal('statements', { figure: 'statements', atMost: STATEMENTS + 1 }),
    goal('exactlyOnce.statements', { figure: 'statements', of: 'exactlyOnce', atMost: STATEMENTS + 2 }),
    ...(circumstance === 'c8' ? [goal('commands', { figure: 'commands', atMost: 0.7 })] : []),
  ];
}

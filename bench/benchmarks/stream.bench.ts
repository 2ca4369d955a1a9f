import { runTransfers, TRANSFER_FIGURES, type TransferContender } from '../transfer/transfer-run.js';
import { atOnce, type Benchmark, type Goal } from './benchmark.js';

/** What the acknowledgement's script and the claimer's turn run inside Redis. */
const INSIDE_SCRIPTS = ['xack', 'xpending', 'time', 'zadd', 'zrangebyscore'];

/** PF-1, of messages per second, at each concurrency. */
const RATIOS = [
  { against: 'handWritten', atLeast: 1.1 },
  { against: 'handTuned', atLeast: 0.9 },
  { against: 'typeorm', atLeast: 1.3 },
  { of: 'exactlyOnce', against: 'safesync', atLeast: 0.88 },
];

const CASES = atOnce(1, 8, 32);

export const benchmark: Benchmark<TransferContender> = {
  name: 'stream',
  title: 'transfers from a stream into the database, against hand-written loops and TypeORM',
  unit: 'messages',
  ours: 'safesync',
  contenders: [
    {
      key: 'safesync',
      title: 'ours: @StreamHandler',
      module: 'safesync/transfer-handler.js',
      insideScripts: INSIDE_SCRIPTS,
    },
    {
      key: 'exactlyOnce',
      title: 'ours: exactlyOnce',
      module: 'safesync/exactly-once-handler.js',
      insideScripts: INSIDE_SCRIPTS,
    },
    { key: 'handWritten', title: 'A hand-written loop', module: 'reference/hand-written.js' },
    { key: 'handTuned', title: 'B tuned by hand', module: 'reference/hand-tuned.js' },
    { key: 'typeorm', title: 'C TypeORM loop', module: 'reference/typeorm-loop.js' },
  ],
  cases: CASES,
  figures: TRANSFER_FIGURES,
  goals: CASES.flatMap(({ key }) => RATIOS.map((ratio) => ratioGoal(key, ratio))),
  full: { runs: 5, size: 10_000, cases: ['c1', 'c8', 'c32'] },
  quick: { runs: 2, size: 400, cases: ['c8'] },
  run: runTransfers,
};

function ratioGoal(circumstance: string, ratio: Pick<Goal, 'of' | 'against' | 'atLeast'>): Goal {
  const id = `PF-1.${circumstance}.${ratio.of ? `${ratio.of}.` : ''}${ratio.against}`;
  return { id, case: circumstance, figure: 'messagesPerSecond', ...ratio };
}

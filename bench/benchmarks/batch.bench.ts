import { runTransfers, TRANSFER_FIGURES, type TransferContender } from '../transfer/transfer-run.js';
import type { Benchmark, BenchPlace, Run, RunOrder } from './benchmark.js';

const OURS = 'safesync';
const OURS_SETS = 'safesyncSets';

/** What the acknowledgement's script and the claimer's turn run inside Redis. */
const INSIDE_SCRIPTS = ['xack', 'xpending', 'time', 'zadd', 'zrangebyscore'];

interface BatchContender extends TransferContender {
  /** Messages at once, where they are not batches. */
  readonly concurrency?: number;
  /** So many times as many messages, for those who are done at once. */
  readonly times?: number;
}

export const benchmark: Benchmark<BatchContender> = {
  name: 'batch',
  title: 'transfers in transactions of 50, against the same by hand and against single ones',
  unit: 'messages',
  ours: OURS,
  contenders: [
    {
      key: OURS,
      title: 'ours: batch of 50',
      module: 'batch/safesync-per-message.js',
      insideScripts: INSIDE_SCRIPTS,
    },
    { key: 'handPerMessage', title: 'G by hand, 50 each', module: 'batch/hand-per-message.js' },
    {
      key: OURS_SETS,
      title: 'ours: batch, in sets',
      module: 'batch/safesync-set-based.js',
      insideScripts: INSIDE_SCRIPTS,
      times: 4,
    },
    { key: 'handSets', title: 'H by hand, in sets', module: 'batch/hand-set-based.js', times: 4 },
    {
      key: 'single',
      title: 'ours: single, 8 at once',
      module: 'safesync/transfer-handler.js',
      insideScripts: INSIDE_SCRIPTS,
      concurrency: 8,
    },
  ],
  cases: [{ key: 'b50', title: 'one batch of 50 at a time', concurrency: 1 }],
  figures: TRANSFER_FIGURES,
  goals: [
    { id: 'PF-2.handPerMessage', case: 'b50', figure: 'messagesPerSecond', against: 'handPerMessage', atLeast: 0.9 },
    {
      id: 'PF-2.handSets',
      case: 'b50',
      figure: 'messagesPerSecond',
      of: OURS_SETS,
      against: 'handSets',
      atLeast: 0.85,
    },
    { id: 'PF-2.single', case: 'b50', figure: 'messagesPerSecond', of: OURS_SETS, against: 'single', atLeast: 8 },
  ],
  full: { runs: 5, size: 10_000, cases: ['b50'] },
  quick: { runs: 1, size: 1_000, cases: ['b50'] },
  run: runBatches,
};

function runBatches(order: RunOrder<BatchContender>, place: BenchPlace): Promise<Run> {
  const { contender, case: circumstance, size } = order;
  const { concurrency = circumstance.concurrency, times = 1 } = contender;
  return runTransfers({ ...order, case: { ...circumstance, concurrency }, size: size * times }, place);
}

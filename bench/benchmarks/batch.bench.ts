import { runTransfers, TRANSFER_FIGURES } from '../transfer/transfer-run.js';
import { OURS, type TransferContender } from '../transfer/transfer-scene.js';
import type { Benchmark, BenchPlace, Run, RunOrder } from './benchmark.js';

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
  ours: 'safesync',
  contenders: [
    {
      key: 'safesync',
      title: 'ours: batch of 50',
      module: 'safesync/batch-per-message.js',
      ...OURS,
    },
    { key: 'handPerMessage', title: 'G by hand, 50 each', module: 'reference/batch-per-message.js' },
    {
      key: 'safesyncSets',
      title: 'ours: batch, in sets',
      module: 'safesync/batch-in-sets.js',
      ...OURS,
      times: 4,
    },
    { key: 'handSets', title: 'H by hand, in sets', module: 'reference/batch-in-sets.js', times: 4 },
    {
      key: 'single',
      title: 'ours: single, 8 at once',
      module: 'safesync/transfer-handler.js',
      ...OURS,
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
      of: 'safesyncSets',
      against: 'handSets',
      atLeast: 0.85,
    },
    { id: 'PF-2.single', case: 'b50', figure: 'messagesPerSecond', of: 'safesyncSets', against: 'single', atLeast: 8 },
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

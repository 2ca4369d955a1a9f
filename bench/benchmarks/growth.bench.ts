import { growthCurves } from '../growth/growth-curves.js';
import { runSituation, type Situation } from '../growth/growth-run.js';
import type { Benchmark } from './benchmark.js';

const HANDLER = { module: 'safesync/gated-handler.js' };
/** Whom everything grown is compared with. */
const SMALL = 'backlog1e3';

const SITUATIONS: readonly Situation[] = [
  { ...HANDLER, key: SMALL, title: '1 000 wait', backlog: 1_000, cases: ['load', 'million'] },
  { ...HANDLER, key: 'backlog1e4', title: '10 000 wait', backlog: 10_000, cases: ['load'] },
  { ...HANDLER, key: 'backlog1e5', title: '100 000 wait', backlog: 100_000, cases: ['load'] },
  { ...HANDLER, key: 'backlog1e6', title: '1 000 000 wait', backlog: 1_000_000, cases: ['million'] },
  { ...HANDLER, key: 'pending1e3', title: 'others hold 1 000', backlog: 1_000, pending: 1_000, cases: ['load'] },
  { ...HANDLER, key: 'pending1e5', title: 'others hold 100 000', backlog: 1_000, pending: 100_000, cases: ['load'] },
  { ...HANDLER, key: 'fresh', title: 'new messages', cases: ['recovery'] },
  { ...HANDLER, key: 'stale', title: 'of a killed worker', isRecovery: true, cases: ['recovery'] },
  { ...HANDLER, key: 'worker', title: 'a worker', cases: ['memory'] },
];

export const benchmark: Benchmark<Situation> = {
  name: 'growth',
  title: 'what a backlog, messages held by others, a killed worker and time do to a handler',
  unit: 'messages',
  // all of them are: the goals compare them
  ours: 'none',
  contenders: SITUATIONS,
  cases: [
    { key: 'load', title: 'with messages in the way, 8 at once', concurrency: 8 },
    { key: 'million', title: 'with many messages in the way, 8 at once', concurrency: 8 },
    { key: 'recovery', title: 'after a worker was killed, 8 at once', concurrency: 8 },
    { key: 'memory', title: 'over time, 32 at once', concurrency: 32, times: 10 },
  ],
  figures: [
    { key: 'speed', title: 'messages/s', digits: 0, compared: true },
    { key: 'nodeUs', title: 'node us', digits: 0 },
    { key: 'rssMb', title: 'RSS MB', digits: 0 },
    { key: 'rssGrowth', title: 'RSS growth', digits: 2 },
  ],
  goals: [
    { id: 'PF-8.backlog1e4', case: 'load', figure: 'speed', of: 'backlog1e4', against: SMALL, atLeast: 0.9 },
    { id: 'PF-8.backlog1e5', case: 'load', figure: 'speed', of: 'backlog1e5', against: SMALL, atLeast: 0.9 },
    { id: 'PF-8.backlog1e6', case: 'million', figure: 'speed', of: 'backlog1e6', against: SMALL, atLeast: 0.9 },
    { id: 'PF-8.pending1e3', case: 'load', figure: 'speed', of: 'pending1e3', against: SMALL, atLeast: 0.9 },
    { id: 'PF-8.pending1e5', case: 'load', figure: 'speed', of: 'pending1e5', against: SMALL, atLeast: 0.9 },
    { id: 'PF-8.recovery', case: 'recovery', figure: 'speed', of: 'stale', against: 'fresh', atLeast: 0.8 },
    { id: 'PF-8.memory', case: 'memory', figure: 'rssMb', of: 'worker', atMost: 160 },
    { id: 'PF-8.memory.growth', case: 'memory', figure: 'rssGrowth', of: 'worker', atMost: 1.1 },
  ],
  full: { runs: 5, size: 10_000, cases: ['load', 'million', 'recovery', 'memory'] },
  quick: { runs: 1, size: 300, cases: ['load', 'recovery'] },
  run: runSituation,
  curves: growthCurves,
};

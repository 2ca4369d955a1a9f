import { IDLE, LATENCY_FIGURES, type LatencyContender, runLatency, STEADY } from '../latency/latency-run.js';
import { openBullmq, openSafesync, openXadd } from '../latency/publisher.js';
import { BULLMQ, OURS } from '../transfer/transfer-scene.js';
import type { Benchmark, Goal } from './benchmark.js';

export const benchmark: Benchmark<LatencyContender> = {
  name: 'latency',
  title: 'from publish to the start of the handler at 100 messages a second, and what waiting costs',
  unit: 'messages',
  ours: 'safesync',
  contenders: [
    {
      key: 'safesync',
      title: 'ours: @StreamHandler',
      module: 'safesync/transfer-handler.js',
      publisher: openSafesync,
      ...OURS,
    },
    { key: 'handTuned', title: 'B tuned by hand', module: 'reference/hand-tuned.js', publisher: openXadd },
    {
      key: 'bullmq',
      title: 'E BullMQ and mysql2',
      module: 'reference/bullmq-mysql2.js',
      publisher: openBullmq,
      ...BULLMQ,
    },
  ],
  cases: [STEADY, IDLE],
  figures: LATENCY_FIGURES,
  goals: [
    ...['p50', 'p99'].flatMap((figure): Goal[] => [
      { id: `PF-5.${figure}.handTuned`, case: STEADY.key, figure, against: 'handTuned', atMost: 1.15 },
      { id: `PF-5.${figure}.bullmq`, case: STEADY.key, figure, against: 'bullmq', atMost: 0.6 },
    ]),
    { id: 'PF-5.idle.commands', case: IDLE.key, figure: 'commandsPerSecond', atMost: 0.5 },
    { id: 'PF-5.idle.cpu', case: IDLE.key, figure: 'cpuPercent', atMost: 1 },
  ],
  full: { runs: 5, size: 2_000, cases: [STEADY.key, IDLE.key] },
  quick: { runs: 1, size: 150, cases: [STEADY.key, IDLE.key] },
  run: runLatency,
};

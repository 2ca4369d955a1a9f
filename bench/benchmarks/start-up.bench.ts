import { runStart } from '../start-up/start-run.js';
import type { Benchmark } from './benchmark.js';

export const benchmark: Benchmark = {
  name: 'start-up',
  title: 'from the start of a process to its first message handled, and whose time that is',
  unit: 'starts',
  ours: 'safesync',
  contenders: [
    { key: 'safesync', title: 'ours: one @StreamHandler', module: 'safesync/transfer-handler.js' },
    { key: 'nestTypeorm', title: 'Nest and TypeORM, a loop', module: 'reference/nest-typeorm-loop.js' },
    { key: 'nest', title: 'Nest and mysql2, a loop', module: 'reference/nest-loop.js' },
    { key: 'typeorm', title: 'C TypeORM loop', module: 'reference/typeorm-loop.js' },
    { key: 'handWritten', title: 'A hand-written loop', module: 'reference/hand-written.js' },
  ],
  cases: [{ key: 'first', title: 'one message waits', concurrency: 1 }],
  figures: [
    { key: 'handledMs', title: 'ms to first message', digits: 0, compared: true },
    { key: 'loadedMs', title: 'ms until loaded', digits: 0 },
    { key: 'cpuMs', title: 'CPU ms', digits: 0 },
  ],
  goals: [{ id: 'PF-9', case: 'first', figure: 'handledMs', atMost: 1_500 }],
  full: { runs: 11, size: 1, cases: ['first'] },
  quick: { runs: 2, size: 1, cases: ['first'] },
  run: runStart,
};

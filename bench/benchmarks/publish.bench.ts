import { COSTS } from '../counters/server-meter.js';
import { type Publisher, runPublisher } from '../publish/publish-run.js';
import { BULLMQ, OURS } from '../transfer/transfer-scene.js';
import type { Benchmark } from './benchmark.js';

const CONTENDERS: readonly Publisher[] = [
  {
    key: 'safesync',
    insideScripts: OURS.insideScripts,
    title: 'ours',
    module: 'safesync/publisher.js',
    publishesTo: (work) => (work === 'transaction' ? ['recorded', 'inOutbox'] : ['inStream']),
  },
  {
    key: 'raw',
    title: 'XADD by hand',
    module: 'reference/xadd-publisher.js',
    cases: ['one', 'many'],
    publishesTo: () => ['inStream'],
  },
  {
    key: 'bullmq',
    title: 'BullMQ',
    module: 'reference/bullmq-publisher.js',
    cases: ['one', 'many'],
    publishesTo: () => ['inQueue'],
    insideScripts: [...(BULLMQ.insideScripts ?? []), 'incr'],
  },
  {
    key: 'silent',
    title: 'ours without a message',
    module: 'safesync/silent-transaction.js',
    cases: ['transaction'],
    publishesTo: () => ['recorded'],
  },
];

export const benchmark: Benchmark<Publisher> = {
  name: 'publish',
  title: 'messages into a stream: directly, in bulk, from a transaction through the outbox',
  unit: 'messages',
  ours: 'safesync',
  contenders: CONTENDERS,
  cases: [
    { key: 'one', title: 'one by one, each awaited', concurrency: 1, times: 2 },
    { key: 'many', title: 'by 100 each awaited; BullMQ by 1 000', concurrency: 1, times: 10 },
    { key: 'transaction', title: 'with one INSERT in a transaction, 8 at once', concurrency: 8 },
    { key: 'relay', title: 'from a filled outbox into the stream', concurrency: 1, times: 4 },
  ],
  figures: [{ key: 'speed', title: 'messages/s', digits: 0, compared: true }, ...COSTS],
  goals: [
    { id: 'PF-3.publish', case: 'one', figure: 'speed', against: 'raw', atLeast: 0.9 },
    { id: 'PF-3.publishMany', case: 'many', figure: 'speed', against: 'raw', atLeast: 0.85 },
    { id: 'PF-3.publishMany.bullmq', case: 'many', figure: 'speed', against: 'bullmq', atLeast: 4 },
    { id: 'PF-3.outbox.statements', case: 'transaction', figure: 'statements', atMost: 3.02 },
    { id: 'PF-3.relay', case: 'relay', figure: 'speed', atLeast: 20_000 },
  ],
  full: { runs: 5, size: 10_000, cases: ['one', 'many', 'transaction', 'relay'] },
  quick: { runs: 1, size: 1_000, cases: ['one', 'many', 'transaction', 'relay'] },
  run: runPublisher,
};

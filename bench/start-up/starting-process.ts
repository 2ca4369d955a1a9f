import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { withDeadline } from '@safesync/core';
import type { RunOrder } from '../benchmarks/benchmark.js';
import type { TransferSetup } from '../transfer/transfer-contender.js';
import type { FirstMessage } from './start-main.js';

const MAIN = fileURLToPath(new URL('./start-main.js', import.meta.url));
const BENCH = new URL('../', import.meta.url);
const DEADLINE_MS = 30_000;

export interface Start extends FirstMessage {
  /** From before the process was asked for until it said that its first message was done. */
  readonly handledMs: number;
}

/** Starts a contender's program, lends it to `use` once its first message is done, and ends it afterwards. */
export async function withStarted<T>(
  { contender, profile }: RunOrder,
  setup: TransferSetup,
  use: (start: Start) => Promise<T>,
): Promise<T> {
  const profiler = profile
    ? ['--cpu-prof', `--cpu-prof-dir=${dirname(profile)}`, `--cpu-prof-name=${basename(profile)}`]
    : [];
  const args = [...profiler, MAIN, new URL(contender.module, BENCH).href, JSON.stringify(setup)];
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
    const early = exited.then(([code]) => {
      throw new Error(`${contender.title} ended by itself (exit ${String(code)}).`);
    });
    const late = (): Error => new Error(`${contender.title} handled nothing within ${DEADLINE_MS} ms.`);
    const [text] = await withDeadline(Promise.race([line, early]), DEADLINE_MS, late);
    const handledMs = performance.now() - startedAt;
    return await use({ handledMs, ...(JSON.parse(text) as FirstMessage) });
  } finally {
    child.stdin.end();
    await exited;
  }
}

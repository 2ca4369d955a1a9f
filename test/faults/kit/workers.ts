import { eventually, WorkerProcess } from '@safesync/testing';
import { compiledProgram } from '../../support/compiled-program.js';
import type { WorkerReport, WorkerSettings } from './worker-settings.js';

const START_MS = 60_000;

/** Starts a program with its settings; resolves when its process exists. */
export function spawnProgram(name: string, settings: object, nodeArgs: readonly string[] = []): Promise<WorkerProcess> {
  return WorkerProcess.spawn(compiledProgram(`faults/programs/${name}`), {
    args: [JSON.stringify(settings)],
    nodeArgs,
  });
}

/** Starts a worker; resolves when its process exists. */
export function spawnWorker(settings: WorkerSettings, nodeArgs: readonly string[] = []): Promise<WorkerProcess> {
  return spawnProgram('fault-worker', settings, nodeArgs);
}

/** Starts a worker; resolves when its handlers run, or when it has ended: it may be told to die on its way there. */
export async function startWorker(settings: WorkerSettings, nodeArgs: readonly string[] = []): Promise<WorkerProcess> {
  const worker = await spawnWorker(settings, nodeArgs);
  const isReady = (report: unknown): report is WorkerReport => 'ready' in (report as WorkerReport);
  const ready = worker.message(isReady, 'ready', START_MS);
  await Promise.race([ready.catch(() => undefined), worker.exit()]);
  return worker;
}

/** Waits until a process says that it is at its point. */
export async function atPoint(worker: WorkerProcess, where: string): Promise<void> {
  const isThere = (report: unknown): report is WorkerReport => 'atPoint' in (report as WorkerReport);
  await worker.message(isThere, where, START_MS);
}

/** Waits for the death of a worker at its failpoint; rejects, and ends it, when it gets past it. */
export async function deathOf(worker: WorkerProcess, where: string): Promise<void> {
  try {
    await eventually(() => !worker.isRunning, { what: `the worker dies ${where}`, withinMs: START_MS, everyMs: 5 });
  } finally {
    await worker.kill();
  }
  const { signal } = await worker.exit();
  if (signal !== 'SIGKILL') throw new Error(`The worker ended otherwise: ${worker.lines.slice(-5).join(' | ')}`);
}

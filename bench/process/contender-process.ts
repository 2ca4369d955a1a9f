import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withDeadline } from '@safesync/core';
import type { ContenderReport, ContenderSetup, Drained, DrainOrder } from './contender.js';

const ENTRY = fileURLToPath(new URL('./contender-main.js', import.meta.url));
const START_MS = 30_000;
const STALL_MS = 120_000;
const STDERR_KEPT = 4_000;

export interface ContenderProcessOptions {
  /** Names the contender in errors. */
  readonly name: string;
  /** URL of the contender's module. */
  readonly module: string;
  readonly setup: ContenderSetup;
  /** File for a CPU profile of the process. */
  readonly profile?: string;
  readonly onProgress: (finished: number) => void;
}

/** A contender in a process of its own: a JIT that nobody else warmed, and CPU time that is nobody else's. */
export class ContenderProcess {
  private readonly child: ChildProcess;
  private stderr = '';
  private waiting: { kind: ContenderReport['kind']; resolve: (report: ContenderReport) => void } | undefined;
  private readonly exited: Promise<never>;

  private constructor(private readonly options: ContenderProcessOptions) {
    const { profile } = options;
    const profiler = profile
      ? ['--cpu-prof', `--cpu-prof-dir=${dirname(profile)}`, `--cpu-prof-name=${basename(profile)}`]
      : [];
    this.child = fork(ENTRY, [options.module, JSON.stringify(options.setup)], {
      execArgv: profiler,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    this.child.on('message', (report: ContenderReport) => this.onReport(report));
    this.exited = once(this.child, 'exit').then(([code]) => {
      throw new Error(`Contender "${options.name}" ended by itself (exit ${String(code)}).\n${this.stderr}`);
    });
    this.exited.catch(() => undefined);
  }

  /** Resolves once the contender reads its stream. */
  static async start(options: ContenderProcessOptions): Promise<ContenderProcess> {
    const contender = new ContenderProcess(options);
    await contender.report('ready', START_MS);
    return contender;
  }

  /** Announces `messages` messages, lets `publish` send them, and waits until all are finished and acknowledged. */
  async drain(messages: number, publish: () => Promise<void>): Promise<Drained> {
    const order: DrainOrder = { expect: messages };
    this.child.send(order);
    const drained = this.report('drained', STALL_MS);
    await publish();
    const report = await drained;
    if (report.kind !== 'drained') throw new Error(`Contender "${this.options.name}" answered ${report.kind}.`);
    return report.result;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.disconnect();
    await gone;
  }

  private onReport(report: ContenderReport): void {
    if (report.kind === 'progress') this.options.onProgress(report.finished);
    if (report.kind === this.waiting?.kind) this.waiting.resolve(report);
  }

  private report(kind: ContenderReport['kind'], ms: number): Promise<ContenderReport> {
    const arrived = new Promise<ContenderReport>((resolve) => {
      this.waiting = { kind, resolve };
    });
    const late = (): Error =>
      new Error(`Contender "${this.options.name}" was not ${kind} within ${ms} ms.\n${this.stderr}`);
    return withDeadline(Promise.race([arrived, this.exited]), ms, late);
  }
}

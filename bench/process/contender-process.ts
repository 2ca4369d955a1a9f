import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RunOrder } from '../benchmarks/benchmark.js';
import type { ContenderReport } from './contender.js';

const ENTRY = fileURLToPath(new URL('./contender-main.js', import.meta.url));
const BENCH = new URL('../', import.meta.url);
const START_MS = 30_000;
const STALL_MS = 120_000;
const STDERR_KEPT = 4_000;

/** A contender in a process of its own: a JIT that nobody else warmed, and CPU time that is nobody else's. */
export class ContenderProcess<Order, Result> {
  private readonly child: ChildProcess;
  private stderr = '';
  private done = 0;
  private waiting: { kind: ContenderReport['kind']; resolve: (report: ContenderReport) => void } | undefined;
  private readonly exited: Promise<never>;

  private constructor(
    private readonly run: RunOrder,
    host: string,
    setup: unknown,
  ) {
    const { profile, contender } = run;
    const profiler = profile
      ? ['--cpu-prof', `--cpu-prof-dir=${dirname(profile)}`, `--cpu-prof-name=${basename(profile)}`]
      : [];
    const urls = [host, contender.module].map((file) => new URL(file, BENCH).href);
    this.child = fork(ENTRY, [...urls, JSON.stringify(setup)], {
      execArgv: profiler,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    this.child.on('message', (report: ContenderReport) => this.onReport(report));
    this.exited = once(this.child, 'exit').then(([code]) => {
      throw new Error(`Contender "${contender.title}" ended by itself (exit ${String(code)}).\n${this.stderr}`);
    });
    this.exited.catch(() => undefined);
  }

  /**
   * Lends the process of the run's contender to `use`, ready for orders, and ends it afterwards. `host` is the file of the
   * kind of work, from the folder `bench/`; `setup` goes to host and contender.
   */
  static async lend<Order, Result, T>(
    run: RunOrder,
    host: string,
    setup: unknown,
    use: (contender: ContenderProcess<Order, Result>) => Promise<T>,
  ): Promise<T> {
    const contender = new ContenderProcess<Order, Result>(run, host, setup);
    try {
      await contender.report('ready', START_MS);
      return await use(contender);
    } finally {
      await contender.stop();
    }
  }

  /** The process id, for what /proc says of it. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Sends an order, does `meanwhile` (publishing what the order waits for), and resolves with the contender's answer. */
  async perform(order: Order, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<Result> {
    this.child.send(order as object);
    const performed = this.report('performed', STALL_MS);
    const [report] = await Promise.all([performed, meanwhile()]);
    if (report.kind !== 'performed') throw new Error(`Contender "${this.name}" answered ${report.kind}.`);
    return report.result as Result;
  }

  private get name(): string {
    return this.run.contender.title;
  }

  private async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    await gone;
  }

  private onReport(report: ContenderReport): void {
    if (report.kind === 'progress') {
      this.done = report.done;
      this.run.onProgress(report.done);
    }
    if (report.kind === this.waiting?.kind) this.waiting.resolve(report);
  }

  /** Resolves with the next report of that kind; rejects when the process ends, or makes no progress for `ms`. */
  private async report(kind: ContenderReport['kind'], ms: number): Promise<ContenderReport> {
    const arrived = new Promise<ContenderReport>((resolve) => {
      this.waiting = { kind, resolve };
    });
    const ended = Promise.race([arrived, this.exited]);
    let before: number;
    do {
      before = this.done;
      const report = await Promise.race([ended, pause(ms, undefined, { ref: false })]);
      if (report) return report;
    } while (this.done !== before);
    const missed = kind === 'ready' ? 'is not ready' : 'has not done what it was asked to';
    throw new Error(`Contender "${this.name}" ${missed}, and made no progress for ${ms} ms.\n${this.stderr}`);
  }
}

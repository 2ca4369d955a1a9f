import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SafeSyncError } from '@safesync/core';
import { eventually } from '../waiting/eventually.js';

/** A worker ended while something was awaited from it, or ended otherwise than it should. */
export class WorkerEndedError extends SafeSyncError {
  constructor(program: string, what: string, ending: string, output: string) {
    super(`${program} ended with ${ending}; awaited: ${what}.`, {
      code: 'WORKER_ENDED',
      remedy: output === '' ? 'It printed nothing.' : `Its output ends:\n${output}`,
    });
  }
}

export interface WorkerProcessOptions {
  readonly args?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Options for Node, such as `--max-old-space-size=64`. */
  readonly nodeArgs?: readonly string[];
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

// When the parent dies, in whatever way, its end of the worker's input closes. Listening for that does not keep the worker
// alive, and unlike the channel's 'disconnect' it leaves alone how 'message' listeners do. Processes that the worker forks
// inherit its options and have an input of their own, hence the question who the parent is.
const DIE_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  `if (process.ppid === ${process.pid}) process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume().unref();`,
)}`;
const TAIL_LINES = 30;

/** A Node program in a process of its own, to be watched and killed. It cannot outlive this process. */
export class WorkerProcess {
  /** Lines of standard output and standard error, in the order they came. */
  readonly lines: string[] = [];
  /** What it passed to `process.send`, in order. */
  readonly messages: unknown[] = [];
  private ending: WorkerExit | undefined;
  private readonly ended: Promise<WorkerExit>;

  private constructor(
    private readonly program: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.lines.push(line));
    }
    child.on('message', (message) => this.messages.push(message));
    this.ended = new Promise((resolve) => {
      // 'close', not 'exit': by then every line has been read
      child.once('close', (code, signal) => {
        this.ending = { code, signal };
        resolve(this.ending);
      });
    });
  }

  /** Starts the JavaScript file `program`; resolves when its process exists. */
  static async spawn(program: string, options: WorkerProcessOptions = {}): Promise<WorkerProcess> {
    const child = fork(program, options.args ?? [], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      execArgv: ['--enable-source-maps', '--import', DIE_WITH_PARENT, ...(options.nodeArgs ?? [])],
      silent: true,
    });
    const worker = new WorkerProcess(program, child);
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return worker;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get isRunning(): boolean {
    return this.ending === undefined;
  }

  /**
   * The first line, already printed or still to come, that holds `text` or matches the pattern. Rejects with
   * `WorkerEndedError` when the worker ends first, with `NotInTimeError` after `withinMs` (default 20 000).
   */
  line(text: string | RegExp, withinMs?: number): Promise<string> {
    const matches = (line: string): boolean => (typeof text === 'string' ? line.includes(text) : text.test(line));
    return this.await(() => this.lines.find(matches), `line ${text}`, withinMs);
  }

  /** The first message, already sent or still to come, that `accepts` accepts. Rejects as `line` does. */
  message<T extends object>(accepts: (message: unknown) => message is T, what: string, withinMs?: number): Promise<T> {
    return this.await(() => this.messages.find(accepts), `message ${what}`, withinMs);
  }

  /** Sends a message to the worker's `process.on('message')`. */
  send(message: object): void {
    this.child.send(message);
  }

  /** Sends a signal that it may live on after, such as SIGSTOP and SIGCONT; nothing when it has ended. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends the signal (default SIGKILL, which no program can answer) and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<WorkerExit> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Waits for the worker to end by itself; rejects with `WorkerEndedError` unless with exit code 0. */
  async success(): Promise<void> {
    const { code, signal } = await this.ended;
    if (code !== 0) throw this.endedError('exit code 0', signal ?? `exit code ${code}`);
  }

  /** Waits for the end, however it comes. */
  exit(): Promise<WorkerExit> {
    return this.ended;
  }

  private async await<T extends string | object>(
    find: () => T | undefined,
    what: string,
    withinMs = 20_000,
  ): Promise<T> {
    const found = await eventually<{ value: T } | { ended: WorkerExit }>(
      () => {
        const ended = this.ending; // read before looking: what came before the end counts
        const value = find();
        if (value !== undefined) return { value };
        return ended && { ended };
      },
      { what: `${what} of ${this.program}`, withinMs, everyMs: 5 },
    );
    if ('value' in found) return found.value;
    throw this.endedError(what, found.ended.signal ?? `exit code ${found.ended.code}`);
  }

  private endedError(what: string, ending: string): WorkerEndedError {
    return new WorkerEndedError(this.program, what, ending, this.lines.slice(-TAIL_LINES).join('\n'));
  }
}

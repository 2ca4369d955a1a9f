import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface LedgerProcessOptions {
  /** Such as `worker 2`. */
  readonly name: string;
  /** The compiled program. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Told when the process ends although nobody here asked it to. */
  readonly onUnexpectedEnd: (error: Error) => void;
}

const STOP_MS = 15_000;
const LAST_WORDS = 5;

/** One process of the ledger, started here and gone when this process is gone, whatever ends it. */
export class LedgerProcess {
  private isEnding = false;
  private readonly ended: Promise<string>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: LedgerProcessOptions,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      child.once('error', (error) => resolve(error.message));
    });
    void this.ended.then((how) => {
      if (!this.isEnding) options.onUnexpectedEnd(this.failure(how));
    });
  }

  static start(options: LedgerProcessOptions): LedgerProcess {
    const log = openSync(options.logFile, 'a');
    // flags of this process are its own business: a debugger's port, a test's preload
    const child = fork(options.script, { env: options.env, stdio: ['ignore', log, log, 'ipc'], execArgv: [] });
    closeSync(log);
    return new LedgerProcess(child, options);
  }

  get name(): string {
    return this.options.name;
  }

  /** Waits for the process to say `{ [word]: text }`; rejects when it ends before. */
  async saying(word: string): Promise<string> {
    const said = new Promise<string>((resolve) => {
      this.child.on('message', (message) => {
        const text: unknown = typeof message === 'object' && Reflect.get(message, word);
        if (typeof text === 'string') resolve(text);
      });
    });
    return Promise.race([said, this.ended.then((how) => Promise.reject(this.failure(how)))]);
  }

  tell(word: string): void {
    this.child.send(word);
  }

  /** SIGKILL: no goodbye, nothing is put in order. Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.isEnding = true;
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM, and SIGKILL for one that is not gone in time. */
  async stop(): Promise<void> {
    this.isEnding = true;
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(late);
  }

  private failure(how: string): Error {
    const lines = readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-LAST_WORDS);
    return new Error(
      `${this.options.name} ended by itself (${how}). Its log, ${this.options.logFile}, ends:\n${lines.join('\n')}`,
    );
  }
}

import { readFile } from 'node:fs/promises';
import { sleep } from '@safesync/core';
import { tailOf } from './command.js';
import type { DataFolder } from './data-folder.js';
import type { ManagedServer } from './managed-server.js';
import type { ServerCommand, ServerKind } from './server-kind.js';
import { ServerStartError } from './servers.errors.js';
import { WatchedProcess } from './watched-process.js';

const STOP_MS = 30_000;
const PROBE_MS = 2_000;

export interface SupervisedServerOptions {
  readonly kind: ServerKind;
  readonly port: number;
  readonly folder: DataFolder;
  readonly command: ServerCommand;
  readonly readyWithinMs: number;
  /** False where the answer cannot be traced to the process, as in a container. */
  readonly checkIdentity: boolean;
  /** Run by the watchdog after the launcher died and the server was ended. */
  readonly afterwards: readonly string[];
  /** Ends the server at once where a signal to the process would not. */
  readonly killer?: () => Promise<void>;
}

/** Down (no process that runs), starting, or up. Starts that overlap are one start. */
export class SupervisedServer implements ManagedServer {
  private process: WatchedProcess | undefined;
  private starting: Promise<void> | undefined;
  private answeredVersion = '';

  constructor(private readonly options: SupervisedServerOptions) {}

  get version(): string {
    return this.answeredVersion;
  }

  get port(): number {
    return this.options.port;
  }

  get url(): string {
    return this.options.kind.url(this.options.port);
  }

  get logFile(): string {
    return this.options.folder.logFile;
  }

  get pid(): number | undefined {
    return this.process?.isRunning ? this.process.pid : undefined;
  }

  start(): Promise<void> {
    this.starting ??= this.startOnce().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  async kill(): Promise<void> {
    if (this.options.killer && this.pid !== undefined) await this.options.killer();
    else this.process?.signal('SIGKILL');
    await this.process?.end();
  }

  async stop(): Promise<void> {
    this.process?.signal('SIGTERM');
    const late = setTimeout(() => this.process?.signal('SIGKILL'), STOP_MS);
    await this.process?.end();
    clearTimeout(late);
  }

  private async startOnce(): Promise<void> {
    if (this.process?.isRunning) return;
    const { folder, command, afterwards } = this.options;
    const process = await WatchedProcess.start({
      ...command,
      folder: folder.path,
      logFile: folder.logFile,
      afterwards,
    });
    this.process = process;
    await folder.recordServer(process.pid);
    await this.untilReady(process).catch(async (error: unknown) => {
      await this.kill();
      throw error;
    });
  }

  private async untilReady(process: WatchedProcess): Promise<void> {
    const deadline = performance.now() + this.options.readyWithinMs;
    let reason = 'it did not answer';
    while (performance.now() < deadline) {
      if (process.ending !== undefined) throw await this.startError(`it ended with ${process.ending}`);
      try {
        const answer = await this.options.kind.ask(this.url, PROBE_MS);
        this.answeredVersion = answer.version;
        if (!this.options.checkIdentity || (await answer.isFrom(this.place, process.pid))) return;
        reason = `another server answers on port ${this.port}`;
      } catch (error) {
        reason = (error as Error).message;
      }
      await sleep(30);
    }
    throw await this.startError(`not ready within ${this.options.readyWithinMs} ms (${reason})`);
  }

  private get place(): { dataFolder: string; logFile: string; port: number } {
    return { dataFolder: this.options.folder.dataFolder, logFile: this.logFile, port: this.port };
  }

  private async startError(reason: string): Promise<ServerStartError> {
    const log = await readFile(this.logFile, 'utf8');
    return new ServerStartError(`${this.options.kind.name} on port ${this.port}`, reason, this.logFile, tailOf(log));
  }
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { sendSignal } from './process-identity.js';

/**
 * Runs the program given as arguments and ends it when our end of its input closes, which the system does for every way in
 * which this process can end, `kill -9` included. Tells the program's number, then how it ended.
 */
const WATCHDOG = `
log=$1 afterwards=$2
shift 2
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
trap '' PIPE
echo "pid $server"
{
  read -r word <&3 && exit 0
  kill -TERM "$server" && for n in 1 2 3 4 5 6 7 8 9 10; do sleep 1; kill -0 "$server" || break; done
  kill -KILL "$server"
  eval "$afterwards"
} >/dev/null 2>&1 &
wait "$server"
echo "exit $?"
wait
`;

export interface WatchedProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Working folder. */
  readonly folder: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** Command to run after the program was ended because this process is gone. */
  readonly afterwards?: readonly string[];
}

/** A program that cannot outlive this process, and does not keep it alive either. */
export class WatchedProcess {
  private exit: string | undefined;
  private readonly ended: Promise<void>;

  private constructor(
    private readonly watchdog: ChildProcessByStdio<Writable, Readable, null>,
    readonly pid: number,
    lines: AsyncIterator<string>,
  ) {
    this.ended = this.untilEnd(lines);
  }

  static async start(options: WatchedProcessOptions): Promise<WatchedProcess> {
    const afterwards = (options.afterwards ?? []).map(quote).join(' ');
    const watchdog = spawn(
      '/bin/sh',
      ['-c', WATCHDOG, 'sh', options.logFile, afterwards, options.command, ...options.args],
      {
        cwd: options.folder,
        // a session of its own: Ctrl-C in a terminal reaches this process, which then ends its servers in its own order
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    await new Promise<void>((resolve, reject) => watchdog.once('spawn', resolve).once('error', reject));
    watchdog.stdin.on('error', () => watchdog.stdin.destroy()); // the watchdog is gone: nothing left to tell it
    const lines = createInterface(watchdog.stdout)[Symbol.asyncIterator]();
    const { value } = await lines.next();
    unref(watchdog);
    return new WatchedProcess(watchdog, Number(String(value).replace('pid ', '')), lines);
  }

  get isRunning(): boolean {
    return this.exit === undefined;
  }

  /** `exit code 1`, `signal 9`; undefined while it runs. */
  get ending(): string | undefined {
    return this.exit;
  }

  /** Sends `signal` unless the program has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) sendSignal(this.pid, signal);
  }

  /** Resolves when the program has ended. */
  async end(): Promise<void> {
    // keeps this process alive meanwhile, which the unreferenced child does not
    const alive = setInterval(() => undefined, 60_000);
    await this.ended.finally(() => clearInterval(alive));
  }

  private async untilEnd(lines: AsyncIterator<string>): Promise<void> {
    const { value, done } = await lines.next();
    if (done) {
      // somebody killed the watchdog: do its work
      sendSignal(this.pid, 'SIGKILL');
      this.exit = 'its watchdog was killed';
      return;
    }
    const code = Number(value.replace('exit ', ''));
    this.exit = code > 128 ? `signal ${code - 128}` : `exit code ${code}`;
    this.watchdog.stdin.end('ended\n');
  }
}

function unref(child: ChildProcessByStdio<Writable, Readable, null>): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

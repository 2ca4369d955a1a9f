import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../libs/cli/dist/main.js', import.meta.url));

/** How a command ended, and all that it printed. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the compiled command in a process of its own; `url` goes into its environment, where undefined leaves it without one. */
export function start(args: readonly string[], url?: string): Running {
  const { MYSQL_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: url === undefined ? env : { ...env, MYSQL_URL: withoutFlags(url) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ended = Promise.all([code, text(child.stdout), text(child.stderr)]);
  return { process: child, ended: ended.then(([status, out, err]) => ({ code: status, out, err })) };
}

/** Runs the compiled command to its end. */
export function safesync(args: readonly string[], url?: string): Promise<Ended> {
  return start(args, url).ended;
}

/** The suite can be told driver flags in its URL, and the command takes no parameters. */
function withoutFlags(url: string): string {
  return url.replace(/\?flags=.*$/, '');
}

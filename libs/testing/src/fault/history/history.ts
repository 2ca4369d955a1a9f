import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** `info`: sent, and nobody knows what became of it. */
export type HistoryType = 'invoke' | 'ok' | 'fail' | 'info';

/** One line of a history. */
export interface HistoryEvent {
  /** When, in ms since 1970 with fractions; comparable between the processes of one machine. */
  readonly t: number;
  /** The process that wrote it. */
  readonly pid: number;
  readonly op: string;
  readonly key: string;
  readonly type: HistoryType;
}

/**
 * What one process did, a line of JSON for each event, in a file that several processes may share. A line is with the system when
 * `record` returns, so that SIGKILL takes none of them away; at most the one that was being written is cut short.
 */
export class HistoryRecorder {
  private readonly file: number;

  /** Appends to `path`. */
  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  record(op: string, key: string, type: HistoryType): void {
    const t = performance.timeOrigin + performance.now();
    const event: HistoryEvent = { t, pid: process.pid, op, key, type };
    writeSync(this.file, `${JSON.stringify(event)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** The events of all files, oldest first. A line that its process did not finish is left out. */
export function readHistory(paths: readonly string[]): HistoryEvent[] {
  return paths
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').flatMap(toEvents))
    .toSorted((a, b) => a.t - b.t);
}

function toEvents(line: string): HistoryEvent[] {
  try {
    return [JSON.parse(line) as HistoryEvent];
  } catch {
    return [];
  }
}

import { inspect } from 'node:util';
import type { MetricsRecorder } from '@safesync/core';

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;

/** Everything that loggers, serializers, debuggers and trackers could show of an error, with all that caused it. */
export function shownOf(error: unknown): string {
  const shown = [inspect(error, { depth: 10, showHidden: true }), String(error)];
  for (let current = error; current instanceof Error; current = current.cause) {
    shown.push(String(current.stack), current.message, JSON.stringify(current));
    shown.push(JSON.stringify(current, Object.getOwnPropertyNames(current)));
  }
  return shown.join('\n');
}

/** Hears what a process says while it works: console, output, warnings, metrics, errors of hooks. */
export class Witness implements MetricsRecorder {
  readonly heard: string[] = [];
  private readonly spies: jest.SpyInstance[] = [];
  private readonly hear = (...args: readonly unknown[]): void => {
    this.heard.push(args.map((value) => (typeof value === 'string' ? value : shownOf(value))).join(' '));
  };

  start(): this {
    for (const method of METHODS) this.spies.push(jest.spyOn(console, method).mockImplementation(this.hear));
    for (const stream of [process.stdout, process.stderr]) {
      const write = (chunk: unknown): boolean => {
        this.hear(String(chunk));
        return true;
      };
      this.spies.push(jest.spyOn(stream, 'write').mockImplementation(write));
    }
    process.on('warning', this.hear);
    return this;
  }

  stop(): void {
    for (const spy of this.spies) spy.mockRestore();
    process.off('warning', this.hear);
  }

  readonly onHookError = (error: unknown): void => this.hear(error);
  readonly add: MetricsRecorder['add'] = ({ name }, labels) => this.hear(name, labels);
  readonly set: MetricsRecorder['set'] = ({ name }, labels) => this.hear(name, labels);
  readonly observe: MetricsRecorder['observe'] = ({ name }, labels) => this.hear(name, labels);
}

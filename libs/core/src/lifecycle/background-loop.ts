import { setImmediate as nextMacrotask } from 'node:timers/promises';
import { type BackoffOptions, equalJitter } from '../backoff/backoff.js';
import { sleep } from '../time/sleep.js';

export interface BackgroundLoopOptions {
  /** Named in whatever `onError` logs. */
  readonly name: string;
  /** One turn. Must return soon after `signal` aborts; the next turn follows at once, so a turn does its own waiting. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
  /** Told about a turn that threw; the loop goes on after a backoff. Must not throw. */
  readonly onError: (error: unknown, failures: number) => void;
  /** Pause after consecutive failed turns. Default 100 ms to 5 s. */
  readonly backoff?: BackoffOptions;
}

/**
 * The one shape of background work: `start` once, `stop` may come early, twice or never; `stop` resolves when the turn in
 * progress has ended; after it the loop can be started again. A turn that throws never ends the loop.
 */
export class BackgroundLoop {
  private controller: AbortController | undefined;
  private running: Promise<void> | undefined;
  private turnedAt = performance.now();

  constructor(private readonly options: BackgroundLoopOptions) {}

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Milliseconds since a turn last completed (or since `start`): what a liveness probe should watch. */
  get sinceLastTurnMs(): number {
    return performance.now() - this.turnedAt;
  }

  start(): void {
    if (this.running) return;
    const controller = new AbortController();
    this.controller = controller;
    this.turnedAt = performance.now();
    this.running = this.run(controller.signal).finally(() => {
      this.running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.controller?.abort();
    await this.running;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const backoff = this.options.backoff ?? { baseMs: 100, maxMs: 5_000 };
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.options.turn(signal);
        failures = 0;
        this.turnedAt = performance.now();
        // a turn that finds nothing to wait for must not starve timers and sockets
        await nextMacrotask();
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.options.onError(error, failures);
        await sleep(equalJitter(backoff, failures), signal);
      }
    }
  }
}

import { BackgroundLoop, sleep } from '@safesync/core';
import type { ManagedServer } from '@safesync/testing';

const LOOK_EVERY_MS = 200;
const RESTART_AFTER_MS = 5_000;

/** Watches one private server: whoever killed it, it is started again on its data after 5 s. */
export class ServerKeeper {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly name: string,
    private readonly server: ManagedServer,
    private readonly say: (text: string) => void,
  ) {
    this.loop = new BackgroundLoop({
      name: `keeper of ${name}`,
      turn: (signal) => this.look(signal),
      onError: (error) => say(`${name} does not start: ${error instanceof Error ? error.message : String(error)}`),
    });
  }

  start(): void {
    this.loop.start();
  }

  /** After this the server may be stopped without being started again. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(signal: AbortSignal): Promise<void> {
    await sleep(LOOK_EVERY_MS, signal);
    if (this.server.pid !== undefined || signal.aborted) return;
    this.say(`${this.name} is dead; starting it again in ${RESTART_AFTER_MS / 1_000} s`);
    await sleep(RESTART_AFTER_MS, signal);
    if (signal.aborted) return;
    await this.server.start();
    this.say(`${this.name} is back`);
  }
}

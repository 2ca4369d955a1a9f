import { sleep } from '@safesync/core';
import type { FaultWorld } from './fault-world.js';

/** How many unfinished messages are too many to add to: a fault must find work, not a mountain. */
const ENOUGH = 60;
const BATCH = 10;

/** Publishes as fast as the workers handle, until stopped. */
export class Load {
  private isOver = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly world: FaultWorld,
    private readonly stream: string,
  ) {
    this.running = this.run();
  }

  /** Resolves when nothing more will be published. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      const unfinished = await this.world.unfinished(this.stream).catch(() => ENOUGH);
      if (unfinished < ENOUGH) await this.world.publish(this.stream, BATCH).catch(() => []);
      else await sleep(5);
    }
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { ContenderSetup, Drained, Probe } from './contender.js';

interface Mark {
  readonly at: number;
  readonly cpu: NodeJS.CpuUsage;
}

/**
 * Times a contender inside its own process, from the first message started to the last one acknowledged. The end is a fact
 * of the server (nothing pending), asked for only once every message has finished, so that asking costs nothing before.
 */
export class DrainMeter implements Probe {
  private first: Mark | undefined;
  private expected = Number.POSITIVE_INFINITY;
  private allFinished: () => void = () => undefined;
  finishedCount = 0;

  constructor(
    private readonly redis: Redis,
    private readonly setup: Pick<ContenderSetup, 'stream' | 'group'>,
  ) {}

  started(): void {
    this.first ??= { at: performance.now(), cpu: process.cpuUsage() };
  }

  finished(): void {
    if (++this.finishedCount === this.expected) this.allFinished();
  }

  /** Measures the next `messages` messages; call it before they are published. */
  async drain(messages: number): Promise<Drained> {
    this.first = undefined;
    this.finishedCount = 0;
    this.expected = messages;
    await new Promise<void>((resolve) => {
      this.allFinished = resolve;
    });
    const polls = await this.untilNothingPends();
    const first = this.first as Mark | undefined;
    if (!first) throw new Error(`Contender on ${this.setup.stream} finished messages without starting any.`);
    const cpu = process.cpuUsage(first.cpu);
    return { elapsedMs: performance.now() - first.at, cpuUs: cpu.user + cpu.system, polls };
  }

  private async untilNothingPends(): Promise<number> {
    for (let polls = 1; ; polls++) {
      const [pending] = (await this.redis.xpending(this.setup.stream, this.setup.group)) as [number];
      if (pending === 0) return polls;
      await pause(1);
    }
  }
}

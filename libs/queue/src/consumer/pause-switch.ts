import { type BackgroundLogger, Wakeup } from '@safesync/core';
import type { RedisStream } from '../stream/redis-stream.js';

export interface PauseSwitchParts {
  readonly stream: Pick<RedisStream, 'stream' | 'group' | 'interrupt'>;
  readonly logger: BackgroundLogger;
  /** Gives back what was not started. */
  readonly giveBack: () => unknown;
  /** Goes on, first with what was given back. */
  readonly goOn: () => void;
}

/** Follows what Redis said last about its group being paused; whoever takes new work asks here first. */
export class PauseSwitch {
  private readonly wakeup = new Wakeup();
  private paused = false;

  constructor(private readonly parts: PauseSwitchParts) {}

  get isPaused(): boolean {
    return this.paused;
  }

  /** Called after every look at Redis, and by whoever has just told Redis. While paused, what is ready goes back each time. */
  readonly note = (isPaused: boolean): void => {
    const { stream, giveBack, goOn } = this.parts;
    const isChange = this.paused !== isPaused;
    this.paused = isPaused;
    if (isChange) this.log();
    if (isPaused) {
      stream.interrupt();
      giveBack();
    } else if (isChange) {
      goOn();
      this.wakeup.notify();
    }
  };

  /** Resolves when `room` has resolved and the group is not paused, or when `signal` aborts. */
  async whenRoom(room: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    do {
      await this.wakeup.until(() => !this.paused, signal);
      await room(signal);
    } while (this.paused && !signal.aborted);
  }

  private log(): void {
    const { stream, logger } = this.parts;
    const what = this.paused ? 'is paused: nothing is read or started until it is resumed' : 'is resumed';
    logger.log(`Stream "${stream.stream}", group "${stream.group}" ${what}.`);
  }
}

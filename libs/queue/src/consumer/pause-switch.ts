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
  /** How often somebody in this process has paused or resumed the group. */
  private tellings = 0;

  constructor(private readonly parts: PauseSwitchParts) {}

  get isPaused(): boolean {
    return this.paused;
  }

  /**
   * Called before every look at Redis; what it returns is called with the answer. While paused, what is ready goes back each time. An
   * answer to a look that was on its way when Redis was told otherwise from here is passed over.
   */
  readonly look = (): ((isPaused: boolean) => void) => {
    const { tellings } = this;
    return (isPaused) => {
      if (tellings === this.tellings) this.note(isPaused);
    };
  };

  /** Redis has just been told so from here. */
  tell(isPaused: boolean): void {
    this.tellings += 1;
    this.note(isPaused);
  }

  private note(isPaused: boolean): void {
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
  }

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

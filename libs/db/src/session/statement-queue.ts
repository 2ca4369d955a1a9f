/** Lets one statement at a time through, in the order they came. Costs nothing while nobody waits. */
export class StatementQueue {
  private entered = 0;
  private readonly waiting: (() => void)[] = [];
  private idle: (() => void)[] = [];

  /** Takes a place; undefined when it is the caller's turn already, else what to wait for. Always followed by `leave`. */
  enter(): Promise<void> | undefined {
    this.entered += 1;
    if (this.entered === 1) return undefined;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  leave(): void {
    this.entered -= 1;
    this.waiting.shift()?.();
    if (this.entered > 0 || this.idle.length === 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  /** Resolves when nobody is left inside or waiting; to how many there were at the time of the call. */
  async whenIdle(): Promise<number> {
    const count = this.entered;
    if (count > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
    return count;
  }
}

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

  /** How many were inside or waiting at the time of the call; a promise of that number, for when none is left, unless it is 0. */
  whenIdle(): Promise<number> | 0 {
    const count = this.entered;
    if (count === 0) return 0;
    return new Promise((resolve) => this.idle.push(() => resolve(count)));
  }
}

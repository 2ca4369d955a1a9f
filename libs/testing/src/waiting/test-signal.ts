import { eventually } from './eventually.js';

/**
 * A named event that a test waits for instead of sleeping: the code under test (a handler, a hook) calls `emit`, the test
 * awaits `next`. Events are kept until they are taken, so it does not matter which comes first.
 */
export class TestSignal<T = undefined> {
  private readonly waiting: T[] = [];
  private total = 0;

  /** `name` is what the error says when the event does not come. */
  constructor(readonly name: string) {}

  /** How often it was emitted since it was made. */
  get count(): number {
    return this.total;
  }

  emit(value: T): void {
    this.total += 1;
    this.waiting.push(value);
  }

  /** The oldest event not yet taken. Rejects with `NotInTimeError` after `withinMs` (default 10 000). */
  async next(withinMs?: number): Promise<T> {
    const taken = await eventually(() => this.waiting.length > 0 && { value: this.waiting.shift() as T }, {
      what: `signal "${this.name}"`,
      withinMs,
      everyMs: 2,
    });
    return taken.value;
  }
}

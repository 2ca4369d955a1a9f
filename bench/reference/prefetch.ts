/** A source that reads ahead: while items are being worked on, the next ones are fetched. */
export class Prefetch<T> {
  private readonly ahead: T[] = [];
  private readonly waiting: ((item: T) => void)[] = [];
  private reading = false;

  constructor(
    private readonly read: (count: number) => Promise<T[]>,
    private readonly size: number,
  ) {}

  async take(): Promise<T> {
    if (!this.reading && this.ahead.length < this.size / 2) void this.refill();
    return this.ahead.shift() ?? new Promise<T>((resolve) => this.waiting.push(resolve));
  }

  private async refill(): Promise<void> {
    this.reading = true;
    do {
      for (const item of await this.read(this.size)) this.hand(item);
    } while (this.waiting.length > 0);
    this.reading = false;
  }

  private hand(item: T): void {
    const taker = this.waiting.shift();
    if (taker) taker(item);
    else this.ahead.push(item);
  }
}

import type { Socket } from 'node:net';
import { sleep } from '@safesync/core';
import type { Weather } from './weather.js';

interface Chunk {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

/** What waits in a lane before its sender is made to wait too. */
const FULL = 64 * 1024;
const PIECES_PER_SECOND = 20;

/** One direction of one connection: bytes leave in the order they came, whatever the weather was and becomes. */
export class Lane {
  /** Held back at the moment. */
  waitingBytes = 0;
  private readonly waiting: Chunk[] = [];
  private isMoving = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly weather: Weather,
    private readonly end: (isReset: boolean) => void,
  ) {}

  /** How many of these bytes silence has swallowed. */
  push(bytes: Buffer): number {
    if (this.weather.isSilent) return bytes.length;
    const mark = this.weather.cutMark;
    if (mark !== undefined && mark.bytesLeft <= bytes.length) {
      this.weather.cutMark = undefined;
      const rest = bytes.subarray(0, mark.bytesLeft);
      // flushed first: the peer shall see a part of the frame
      this.to.write(rest, () => {
        this.end(mark.isReset);
        mark.done();
      });
      return 0;
    }
    if (mark !== undefined) mark.bytesLeft -= bytes.length;
    this.pass(bytes);
    return 0;
  }

  private pass(bytes: Buffer): void {
    const { delayMs, bytesPerSecond } = this.weather;
    if (!this.isMoving && delayMs === 0 && bytesPerSecond === 0) {
      this.to.write(bytes);
      return;
    }
    this.waiting.push({ bytes, dueAt: performance.now() + delayMs });
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > FULL) this.from.pause();
    if (!this.isMoving) void this.move();
  }

  private async move(): Promise<void> {
    this.isMoving = true;
    for (let chunk = this.waiting.shift(); chunk !== undefined && this.to.writable; chunk = this.waiting.shift()) {
      const early = chunk.dueAt - performance.now();
      if (early > 0) await sleep(early);
      await this.drip(chunk.bytes);
      this.waitingBytes -= chunk.bytes.length;
      if (this.waitingBytes <= FULL) this.from.resume();
    }
    this.isMoving = false;
  }

  private async drip(bytes: Buffer): Promise<void> {
    for (let sent = 0; sent < bytes.length && this.to.writable; ) {
      const { bytesPerSecond } = this.weather;
      const size = bytesPerSecond === 0 ? bytes.length : Math.max(1, Math.floor(bytesPerSecond / PIECES_PER_SECOND));
      this.to.write(bytes.subarray(sent, sent + size));
      sent += size;
      if (bytesPerSecond > 0) await sleep((size / bytesPerSecond) * 1_000);
    }
  }
}

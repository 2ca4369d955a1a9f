import { BackgroundLoop, sleep } from '@safesync/core';
import { countUnfinished } from '@safesync/testing';
import type { Redis } from 'ioredis';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { formatCount } from '../audit/report.js';
import type { LiveLine } from './live-line.js';

const LOOK_EVERY_MS = 200;
/** Without any change for so long, nothing will change any more. Longer than a server's absence and every backoff. */
const STALLED_AFTER_MS = 90_000;
const RATE_OVER_MS = 3_000;

/** Nothing moved for too long: the run cannot be finished, the audit tells what is missing. */
export class StalledError extends Error {
  constructor(unfinished: number) {
    super(`Nothing moved for ${STALLED_AFTER_MS / 1_000} s, with ${unfinished} messages unfinished.`);
    this.name = 'StalledError';
  }
}

export interface MonitorOptions {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly stream: string;
  readonly total: number;
  readonly line: LiveLine;
}

/** Looks at the tables and the stream five times a second and says on the live line how far the run is. */
export class Monitor {
  /** Transfers that the API has accepted. */
  accepted = 0;
  booked = 0;
  unfinished = 0;
  private phase = '';
  private news = '';
  private changedAt = performance.now();
  private readonly samples: { readonly at: number; readonly booked: number }[] = [];
  private readonly loop: BackgroundLoop;

  constructor(private readonly options: MonitorOptions) {
    this.loop = new BackgroundLoop({
      name: 'monitor',
      turn: (signal) => this.look(signal),
      // a server is away, which its keeper tells; the old figures stand meanwhile
      onError: () => this.show(),
      backoff: { baseMs: LOOK_EVERY_MS, maxMs: 1_000 },
    });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    this.options.line.clear();
  }

  /** What is being done from now on. */
  enter(phase: string): void {
    this.phase = phase;
    this.show();
  }

  /** Something happened; it stays on the screen. */
  tell(news: string): void {
    this.news = news;
    this.options.line.say(`  ${news}`);
    this.show();
  }

  /** Resolves when every group has acknowledged everything; throws `StalledError`, or the reason of `signal`. */
  async untilFinished(signal: AbortSignal): Promise<void> {
    this.changedAt = performance.now();
    for (;;) {
      signal.throwIfAborted();
      if ((await this.readUnfinished()) === 0) return;
      if (performance.now() - this.changedAt > STALLED_AFTER_MS) throw new StalledError(this.unfinished);
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  private async readUnfinished(): Promise<number | undefined> {
    const { redis, stream } = this.options;
    return countUnfinished(redis, stream).catch(() => undefined);
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { pool, redis, stream } = this.options;
    const [rows] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS booked FROM transfer');
    this.note(Number(rows[0]?.booked), await countUnfinished(redis, stream));
    this.show();
    await sleep(LOOK_EVERY_MS, signal);
  }

  private note(booked: number, unfinished: number): void {
    const now = performance.now();
    if (booked !== this.booked || unfinished !== this.unfinished) this.changedAt = now;
    this.booked = booked;
    this.unfinished = unfinished;
    this.samples.push({ at: now, booked });
    while (this.samples.length > 2 && now - (this.samples[0]?.at ?? now) > RATE_OVER_MS) this.samples.shift();
  }

  private show(): void {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    const seconds = first && last ? (last.at - first.at) / 1_000 : 0;
    const rate = first && last && seconds > 0 ? (last.booked - first.booked) / seconds : 0;
    const figures = [
      `${formatCount(this.accepted)}/${formatCount(this.options.total)} accepted`,
      `${formatCount(this.booked)} booked`,
      `${formatCount(rate)}/s`,
      // a Redis that was restarted may not know how much a group has not read
      `${formatCount(Math.max(this.unfinished, this.accepted - this.booked))} to do`,
    ];
    this.options.line.show(`${this.phase}: ${figures.join(', ')}${this.news && ` | ${this.news}`}`);
  }
}

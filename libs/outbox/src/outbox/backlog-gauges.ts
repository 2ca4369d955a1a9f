import type { MetricsRecorder } from '@safesync/core';
import type { DbSessions } from '@safesync/db';
import { OUTBOX_BACKLOG, OUTBOX_OLDEST } from '../outbox.metrics.js';
import { readBacklog, type StreamBacklog } from './waiting-rows.js';

/** Counting reads every waiting row: it may take this share of the time. */
const SHARE = 0.01;

/** What waits, for whoever looks at the metrics: counted by the relay now and then, shown as it was counted. */
export class BacklogGauges {
  private latest: readonly StreamBacklog[] = [];

  constructor(
    private readonly sessions: Pick<DbSessions, 'run'>,
    db: string,
    metrics: MetricsRecorder,
    /** Streams that are shown with 0 when nothing waits. */
    private readonly streams: readonly string[],
  ) {
    metrics.follow?.(OUTBOX_BACKLOG, this, () => this.latest.map(({ stream, waiting }) => [{ db, stream }, waiting]));
    metrics.follow?.(OUTBOX_OLDEST, this, () =>
      this.latest.map(({ stream, oldestMs }) => [{ db, stream }, oldestMs / 1_000]),
    );
  }

  /** Counts; resolves to how long to leave it at that at least, in ms, and to streams that wait for another application. */
  async refresh(): Promise<{ restMs: number; strangers: readonly string[] }> {
    const startedAt = performance.now();
    const found = await this.sessions.run(readBacklog);
    const empty = { waiting: 0, scheduled: 0, failing: 0, oldestMs: 0 };
    const idle = this.streams.filter((stream) => !found.some((one) => one.stream === stream));
    this.latest = [...found, ...idle.map((stream) => ({ stream, ...empty }))];
    const strangers = found.map(({ stream }) => stream).filter((stream) => !this.streams.includes(stream));
    return { restMs: (performance.now() - startedAt) / SHARE, strangers };
  }

  /** Shows nothing any more: what is not counted again would stay for ever. */
  forget(): void {
    this.latest = [];
  }
}

import { BackgroundLoop, type LabelsOf, type MetricDefinition, type MetricsRecorder, sleep } from '@safesync/core';
import {
  DEAD_LETTERS_KEPT,
  GROUP_CONSUMERS,
  GROUP_LAG,
  GROUP_PAUSED,
  GROUP_PENDING,
  OLDEST_PENDING_AGE,
  OLDEST_UNDELIVERED_AGE,
  STREAM_LENGTH,
} from '../queue.metrics.js';
import { addedAtMs } from '../stream/stream-entry.js';
import type { GroupSurvey, StreamSurvey } from '../stream/stream-upkeep.js';

export interface StreamGaugesParts {
  /** The stream's key. */
  readonly stream: string;
  /** Stays the same when the consumers are started again: whoever reads the gauges keeps what it was given for each source. */
  readonly source: object;
  readonly survey: () => Promise<StreamSurvey>;
  readonly metrics: MetricsRecorder;
}

type StreamGauge = MetricDefinition<'stream'> & { kind: 'gauge' };
type GroupGauge = MetricDefinition<'stream' | 'group'> & { kind: 'gauge' };
/** `undefined`: not known, which is not 0. */
type Read = (group: GroupSurvey, now: number) => number | undefined;

const INTERVAL_MS = 30_000;
/** Older than this a survey says nothing about now: better no sample than a wrong one. */
const STALE_MS = 90_000;

const GROUP_GAUGES: readonly (readonly [GroupGauge, Read])[] = [
  [GROUP_PENDING, ({ pending }) => pending],
  [GROUP_LAG, ({ lag }) => lag ?? undefined],
  [OLDEST_PENDING_AGE, ({ oldestPending }, now) => ageInSeconds(oldestPending, now)],
  [OLDEST_UNDELIVERED_AGE, ({ oldestUndelivered }, now) => ageInSeconds(oldestUndelivered, now)],
  [GROUP_CONSUMERS, ({ consumers }) => consumers],
  [GROUP_PAUSED, ({ isPaused }) => (isPaused ? 1 : 0)],
];

/**
 * The gauges of one stream. Redis is asked twice a minute in the background, and whoever looks gets the last answer: looking
 * never waits, and costs nothing per message. Without a recorder that follows gauges Redis is not asked at all.
 */
export class StreamGauges {
  private readonly loop: BackgroundLoop;
  private last: { readonly survey: StreamSurvey; readonly at: number } | undefined;

  constructor(private readonly parts: StreamGaugesParts) {
    this.loop = new BackgroundLoop({
      name: `Gauges of stream "${parts.stream}"`,
      turn: (signal) => this.turn(signal),
      // whoever reads the stream says that Redis is away; here the samples end
      onError: () => undefined,
    });
  }

  start(): void {
    if (!this.parts.metrics.follow) return;
    this.followStream(STREAM_LENGTH, ({ length }) => length);
    this.followStream(DEAD_LETTERS_KEPT, ({ deadLetters }) => deadLetters);
    for (const [gauge, read] of GROUP_GAUGES) this.followGroups(gauge, read);
    this.loop.start();
  }

  /** Ends the samples too: a process that stopped must not go on saying what it saw last. */
  async stop(): Promise<void> {
    this.last = undefined;
    await this.loop.stop();
    this.last = undefined;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    this.last = { survey: await this.parts.survey(), at: performance.now() };
    await sleep(INTERVAL_MS, signal);
  }

  private get current(): StreamSurvey | undefined {
    return this.last && performance.now() - this.last.at < STALE_MS ? this.last.survey : undefined;
  }

  private followStream(gauge: StreamGauge, read: (survey: StreamSurvey) => number): void {
    const { metrics, stream, source } = this.parts;
    metrics.follow?.(gauge, source, () => (this.current ? [[{ stream }, read(this.current)]] : []));
  }

  private followGroups(gauge: GroupGauge, read: Read): void {
    const { metrics, source } = this.parts;
    metrics.follow?.(gauge, source, () => this.samples(read));
  }

  private samples(read: Read): [LabelsOf<GroupGauge>, number][] {
    const { stream } = this.parts;
    const { groups = [], now = 0 } = this.current ?? {};
    return groups.flatMap((group): [LabelsOf<GroupGauge>, number][] => {
      const value = read(group, now);
      return value === undefined ? [] : [[{ stream, group: group.group }, value]];
    });
  }
}

function ageInSeconds(entryId: string | undefined, now: number): number | undefined {
  if (entryId === undefined) return 0;
  const time = addedAtMs(entryId);
  return time === undefined ? undefined : Math.max(0, now - time) / 1_000;
}

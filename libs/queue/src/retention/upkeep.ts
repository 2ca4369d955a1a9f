import { type BackgroundLogger, type MetricsRecorder, withDeadline } from '@safesync/core';
import type { RegisteredStream } from '../registration/queue-streams.js';
import { surveyStream } from '../stream/stream-upkeep.js';
import { StreamGauges } from './stream-gauges.js';
import { StreamHousekeeper } from './stream-housekeeper.js';

/** A stream and a group that this application handles. */
export interface HandledGroup {
  readonly stream: RegisteredStream;
  readonly group: string;
}

/** What ends in the background at a stop must not hold it up while Redis is away. */
const STOP_MS = 1_000;

/** Upkeep and gauges of the streams that this application handles, while its consumers run. */
export class Upkeep {
  private parts: readonly (StreamHousekeeper | StreamGauges)[] = [];

  constructor(
    private readonly metrics: MetricsRecorder,
    private readonly logger: BackgroundLogger,
  ) {}

  start(handled: readonly HandledGroup[]): void {
    const streams = new Map<RegisteredStream, string[]>();
    for (const { stream, group } of handled) streams.set(stream, [...(streams.get(stream) ?? []), group]);
    this.parts = [...streams].flatMap(([stream, groups]) => [
      this.housekeeperOf(stream, groups),
      this.gaugesOf(stream),
    ]);
    for (const part of this.parts) part.start();
  }

  /** Starts nothing more; waits a moment for what Redis was asked. */
  async stop(): Promise<void> {
    const stopped = Promise.all(this.parts.map((part) => part.stop()));
    this.parts = [];
    // what Redis was asked it does, or has not got: either way the next process begins anew
    await withDeadline(stopped, STOP_MS, () => new Error('Redis does not answer')).catch(() => undefined);
  }

  private housekeeperOf({ connection, key, upkeep }: RegisteredStream, groups: readonly string[]): StreamHousekeeper {
    const { metrics, logger } = this;
    return new StreamHousekeeper({ connection, stream: key, upkeep, groups, metrics, logger });
  }

  private gaugesOf(source: RegisteredStream): StreamGauges {
    const { connection, key } = source;
    const survey = (): ReturnType<typeof surveyStream> => surveyStream(connection, key);
    return new StreamGauges({ stream: key, source, survey, metrics: this.metrics });
  }
}

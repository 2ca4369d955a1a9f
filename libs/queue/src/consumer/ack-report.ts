import type { BackgroundLogger, MetricsRecorder } from '@safesync/core';
import type { AckAnswer } from '../delivery/ack-batch.js';
import { ACKS_LOST, MESSAGES_ACKED } from '../queue.metrics.js';

export interface AckReportParts {
  readonly stream: { readonly stream: string; readonly group: string };
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
}

/** Counts what became of acknowledgements, and says which ones found their entry gone. */
export class AckReport {
  constructor(private readonly parts: AckReportParts) {}

  count(answers: readonly AckAnswer[]): void {
    const { stream, metrics } = this.parts;
    const lost = answers.filter(({ outcome }) => outcome !== 'done');
    metrics.add(MESSAGES_ACKED, { stream: stream.stream }, answers.length - lost.length);
    for (const answer of lost) this.lost(answer);
  }

  private lost({ held, outcome }: AckAnswer): void {
    const { stream, metrics, logger } = this.parts;
    const isTaken = outcome === 'notMine';
    metrics.add(ACKS_LOST, {
      stream: stream.stream,
      group: stream.group,
      reason: isTaken ? 'not_mine' : 'not_pending',
    });
    const fact = isTaken ? 'another consumer holds it and will run it again' : 'it was not pending any more';
    logger.warn(
      `Entry ${held.id} of stream "${stream.stream}", group "${stream.group}" was committed, but not acknowledged: ${fact}.`,
    );
  }
}

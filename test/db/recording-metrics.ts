import type { MetricsRecorder } from '@safesync/core';

/** A recorder that keeps what it is given. */
export class RecordingMetrics implements MetricsRecorder {
  readonly samples: { readonly name: string; readonly labels: Readonly<Record<string, string>> }[] = [];

  readonly add: MetricsRecorder['add'] = () => undefined;
  readonly set: MetricsRecorder['set'] = () => undefined;
  readonly observe: MetricsRecorder['observe'] = ({ name }, labels) => {
    this.samples.push({ name, labels });
  };

  /** How many lock acquisitions of a strategy were measured. */
  acquisitions(strategy: 'row' | 'advisory'): number {
    const name = 'coti_safesync_db_lock_acquire_latency_seconds';
    return this.samples.filter((sample) => sample.name === name && sample.labels.strategy === strategy).length;
  }
}

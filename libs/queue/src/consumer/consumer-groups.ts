import type { QueueStreams } from '../registration/queue-streams.js';
import { isGroupPaused, pauseGroup, resumeGroup } from '../stream/group-pauses.js';
import type { ConsumerRegistry } from './consumer.registry.js';

/**
 * Pauses and resumes consumer groups, in all processes. The mark lies in Redis, beside the stream: it survives restarts of
 * consumers, and FLUSHALL forgets it.
 */
export class ConsumerGroups {
  constructor(
    private readonly streams: QueueStreams,
    private readonly registry: Pick<ConsumerRegistry, 'notePause'>,
  ) {}

  /**
   * Has the consumers of `group` finish what they run, give back what they have not started, and take nothing new. Holds at once
   * in this process, elsewhere within `claimIntervalMs`. Messages wait in the stream meanwhile; deliveries are not counted.
   *
   * Throws `UnknownStreamError`, `GroupMissingError` when the group does not exist, or what Redis failed with.
   */
  async pause(stream: string, group: string): Promise<void> {
    const { connection, key } = this.streams.require(stream);
    await pauseGroup(connection, key, group);
    this.registry.notePause(key, group, true);
  }

  /** Ends the pause; heard of at once in this process, elsewhere within `claimIntervalMs`. False when there was none. */
  async resume(stream: string, group: string): Promise<boolean> {
    const { connection, key } = this.streams.require(stream);
    const wasPaused = await resumeGroup(connection, key, group);
    this.registry.notePause(key, group, false);
    return wasPaused;
  }

  /** What Redis says, also of groups that other applications serve. */
  async isPaused(stream: string, group: string): Promise<boolean> {
    const { connection, key } = this.streams.require(stream);
    return isGroupPaused(connection, key, group);
  }
}

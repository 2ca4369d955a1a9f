import type { BackgroundLogger } from '@safesync/core';
import { canEvictStreams, evictionPolicy } from '../stream/eviction-policy.js';
import type { RedisConnection } from '../stream/redis-connection.js';

/** Says once that a server may delete streams to make room. One that does not tell its policy is passed over. */
export class EvictionWarning {
  private isGiven = false;

  constructor(
    private readonly logger: BackgroundLogger,
    /** The connection's name. */
    private readonly name: string,
  ) {}

  /** To be called with every new socket: behind it may be another server. Never rejects. */
  async look(connection: RedisConnection): Promise<void> {
    if (this.isGiven) return;
    // a socket that was lost meanwhile is followed by another
    const policy = await evictionPolicy(connection).catch(() => undefined);
    if (policy === undefined || this.isGiven || !canEvictStreams(policy)) return;
    this.isGiven = true;
    this.logger.error(
      `Redis "${this.name}" at ${connection.description} has maxmemory-policy ${policy}: when its memory is full it deletes whole streams, pending messages and dead letters with them, and nobody is told. Set maxmemory-policy noeviction.`,
    );
  }
}

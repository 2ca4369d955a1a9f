import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ConditionLog } from '@safesync/core';
import type { ResolvedConnection, ResolvedQueueOptions } from '../queue.options.js';
import { DEFAULT_CONNECTION } from '../queue.tokens.js';
import { RedisConnection } from '../stream/redis-connection.js';
import type { RedisConnectionEvent } from '../stream/redis-link.js';
import { EvictionWarning } from './eviction-warning.js';

/** The Redis connections of the application, by name. They are opened at first use and closed last, after all consumers. */
export class QueueConnections implements OnApplicationShutdown {
  private readonly byName: ReadonlyMap<string, RedisConnection>;

  constructor(options: ResolvedQueueOptions) {
    this.byName = new Map(options.connections.map((connection) => [connection.name, open(connection)]));
  }

  get names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** The one named `default`, else the first. */
  get first(): RedisConnection {
    return this.byName.get(DEFAULT_CONNECTION) ?? ([...this.byName.values()][0] as RedisConnection);
  }

  get(name: string): RedisConnection | undefined {
    return this.byName.get(name);
  }

  /** Consumers drain in `beforeApplicationShutdown`. */
  onApplicationShutdown(): void {
    for (const connection of this.byName.values()) connection.close();
  }
}

function open({ name, redis, commandTimeoutMs }: ResolvedConnection): RedisConnection {
  const logger = new Logger('SafeSyncQueue');
  const condition = new ConditionLog(logger, `Redis "${name}"`);
  const eviction = new EvictionWarning(logger, name);
  const observer = (event: RedisConnectionEvent): void => {
    // the sockets of readers follow the same server; one of them is enough to tell
    if (event.purpose !== 'commands') return;
    if (event.kind === 'lost' || event.kind === 'failed')
      condition.began(event.reason, `no connection to ${event.to}, trying again`);
    if (event.kind !== 'ready') return;
    condition.ended(`connected to ${event.to}`);
    void eviction.look(connection);
  };
  const timeout = commandTimeoutMs === undefined ? {} : { commandTimeoutMs };
  const connection = new RedisConnection(redis, { observer, ...timeout });
  return connection;
}

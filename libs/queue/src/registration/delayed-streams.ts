import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DelayedMover } from '../publish/delayed-mover.js';
import type { RedisConnection } from '../stream/redis-connection.js';
import type { QueueStreams, RegisteredStream } from './queue-streams.js';

/** Moves the delayed messages of every registered stream, from the end of the boot to the shutdown: one loop per connection. */
export class DelayedStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly movers = new Map<RedisConnection, DelayedMover>();

  constructor(private readonly streams: QueueStreams) {}

  /** A message was published that will be due in `ms`. */
  expect(stream: RegisteredStream, ms: number): void {
    this.movers.get(stream.connection)?.expect(stream.key, ms);
  }

  onApplicationBootstrap(): void {
    const logger = new Logger('SafeSyncQueue');
    const all = [...this.streams.all.values()];
    for (const connection of new Set(all.map((stream) => stream.connection))) {
      const keys = all.filter((stream) => stream.connection === connection).map(({ key }) => key);
      const mover = new DelayedMover(connection, keys, { logger });
      this.movers.set(connection, mover);
      mover.start();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([...this.movers.values()].map((mover) => mover.stop()));
  }
}

import { RedisConnection, StreamPublisher } from '@safesync/queue';
import { Queue } from 'bullmq';
import type { BenchPlace } from '../benchmarks/benchmark.js';
import type { Transfer } from '../transfer/transfer.js';

/** How a contender's messages are published: with what belongs to it. */
export interface Publisher {
  publish(transfer: Transfer): Promise<unknown>;
  close(): Promise<unknown>;
}

export type OpenPublisher = (place: BenchPlace, stream: string) => Publisher;

export const openSafesync: OpenPublisher = ({ redisUrl }, stream) => {
  const connection = new RedisConnection(redisUrl);
  const publisher = new StreamPublisher(connection);
  return { publish: (transfer) => publisher.publish(stream, transfer), close: async () => connection.close() };
};

export const openXadd: OpenPublisher = ({ redis }, stream) => ({
  publish: (transfer) => redis.xadd(stream, '*', 'data', JSON.stringify(transfer)),
  close: () => Promise.resolve(),
});

export const openBullmq: OpenPublisher = ({ redis }, stream) => {
  const queue = new Queue(stream, { connection: redis });
  return { publish: (transfer) => queue.add('transfer', transfer), close: () => queue.close() };
};

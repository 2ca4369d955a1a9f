import type { BackgroundLogger, MetricsRecorder } from '@safesync/core';
import type { DatabaseGate } from '../delivery/database-gate.js';
import type { DeliveryParts } from '../delivery/message-delivery.js';
import type { BatchInvoker } from '../handler/batch-invoker.js';
import type { ResolvedStreamHandlerOptions } from '../handler/stream-handler.options.js';
import type { OrderedGroup } from '../stream/ordered-group.js';
import type { RedisStream } from '../stream/redis-stream.js';

/** What one consumer is made of. */
export interface ConsumerParts {
  /** `Class.method`. */
  readonly handler: string;
  readonly options: ResolvedStreamHandlerOptions;
  readonly stream: RedisStream;
  /** Only where the handler orders. */
  readonly ordered: OrderedGroup | undefined;
  readonly gate: DatabaseGate;
  /** What a delivery needs and no consumer makes. */
  readonly delivery: Pick<DeliveryParts, 'codec' | 'validate' | 'sessions' | 'handler' | 'inbox'> & {
    readonly batchHandler: BatchInvoker | undefined;
  };
  readonly metrics: MetricsRecorder;
  readonly logger: BackgroundLogger;
}

// handlers

export { ConsumerRegistry } from './consumer/consumer.registry.js';
export { ConsumerGroups } from './consumer/consumer-groups.js';
export type { ConsumerStatus, DrainReport } from './consumer/consumer-status.js';
export type { BlockedKey, KeyMark } from './consumer/order/blocked-key.js';
export type { OrderStatus } from './consumer/order/order-status.js';
export { OrderedKeys, type UnblockOptions } from './consumer/order/ordered-keys.js';
export {
  DeadLetters,
  type LetterFilter,
  type ListLettersOptions,
  type ReplayReport,
} from './dead-letters/dead-letters.js';
export type { KeptLetter } from './dead-letters/kept-letter.js';
export type { DeadLetter, FailedAttempt } from './delivery/dead-letter.js';
export {
  ConsumerStoppingError,
  DeliveriesExhaustedError,
  InboxBusyError,
  InboxRetentionError,
  LeaseLostError,
  UnreadableThrowError,
} from './delivery/delivery.errors.js';
export type { ErrorSummary } from './delivery/error-summary.js';
export { getInboxToken, type Inbox } from './delivery/inbox.js';
export type { BatchMode, BatchOptions } from './handler/batch.options.js';
export { BatchContext } from './handler/batch-context.js';
export type { BatchOutcomes } from './handler/batch-invoker.js';
export { DeliveryContext } from './handler/delivery-context.js';
export type { DeliveryOutcome } from './handler/delivery-outcome.js';
export {
  BatchOutcomesError,
  HandlerNotCompletedError,
  HandlerRefusedError,
  HandlerRepeatedError,
  PayloadInvalidError,
} from './handler/handler.errors.js';
export type { PayloadClass, PayloadOf, PayloadType, StandardSchema } from './handler/payload-validation.js';
export type { RateLimitOptions } from './handler/rate-limit.options.js';
export {
  type StreamBatchHandlerMethod,
  type StreamBatchHandlerOptions,
  StreamHandler,
  type StreamHandlerMethod,
} from './handler/stream-handler.decorator.js';
export type { OrderOnFailure, StreamHandlerOptions } from './handler/stream-handler.options.js';
// the Python library's classes
export { QueueConfig, type QueueConfigInput } from './low-level/queue-config.js';
export {
  QueueConsumer,
  type QueueHandler,
  type RunClaimStaleOptions,
  type RunOptions,
} from './low-level/queue-consumer.js';
export type { QueueMessage } from './low-level/queue-message.js';
export { type QueueOptions, RedisStreamsQueue } from './low-level/redis-streams-queue.js';
export { installTerminationHandlers, type TerminationOptions } from './low-level/termination-handlers.js';
export { JsonCodec, METADATA_KEY } from './message/json.codec.js';
// messages
export type { Message } from './message/message.js';
export type { MessageMetadata } from './message/message-metadata.js';
export type { PayloadLimits } from './message/payload-limits.js';
// publishing
export { DelayedMover, type DelayedMoverOptions } from './publish/delayed-mover.js';
export type { JsonSchema } from './publish/json-schema.js';
export { PublishInSessionError, PublishPayloadInvalidError } from './publish/publish.errors.js';
export type { InSessionOptions, OutgoingMessage, PublishOptions, PublishTerms } from './publish/publish.options.js';
export { StreamPublisher, type StreamPublisherOptions } from './publish/stream-publisher.js';
export { compileStreamSchema, type PayloadGuard, type StreamSchema } from './publish/stream-schema.js';
export {
  BatchPublishError,
  GroupMissingError,
  MessageDecodeError,
  MessageFormatError,
  NonRetryableError,
  PayloadLimitError,
  PayloadNotSerializableError,
  PublishOutcomeUnknownError,
  type PublishResult,
  QueueError,
  RedisClosedError,
  RedisConnectionLostError,
  RedisReplyError,
  RedisUnavailableError,
  UnexpectedReplyError,
} from './queue.errors.js';
export {
  ACKS_LOST,
  BATCH_SIZE,
  BLOCKED_KEYS,
  CONSUMERS_FORGOTTEN,
  DEAD_LETTERS,
  DEAD_LETTERS_KEPT,
  DELIVERIES,
  ENTRIES_TRIMMED,
  GROUP_CONSUMERS,
  GROUP_LAG,
  GROUP_PAUSED,
  GROUP_PENDING,
  GROUPS_RECREATED,
  HANDLER_DURATION,
  LEASES_LOST,
  MESSAGES_ACKED,
  MESSAGES_CLAIMED,
  MESSAGES_LOST,
  MESSAGES_PARKED,
  MESSAGES_READ,
  OLDEST_PENDING_AGE,
  OLDEST_UNDELIVERED_AGE,
  READ_LATENCY,
  RETRIES,
  STREAM_LENGTH,
} from './queue.metrics.js';
export type { QueueConnectionOptions, QueueStreamOptions, SafeSyncQueueModuleOptions } from './queue.options.js';
export { QueueConnections } from './registration/queue-connections.js';
export { QueueStreams, type RegisteredStream, UnknownStreamError } from './registration/queue-streams.js';
// module
export { SafeSyncQueueModule } from './safesync-queue.module.js';
export { appendChains, type Chain } from './stream/append-chains.js';
export type { ClaimOptions, ClaimResult } from './stream/claim.js';
export { missingEntries } from './stream/entry-presence.js';
// Redis
export { type ActiveRead, type LeadAnswer, OrderedGroup, type UnblockedHead } from './stream/ordered-group.js';
export { RedisConnection, type RedisConnectionOptions } from './stream/redis-connection.js';
export type { RedisConnectionEvent } from './stream/redis-link.js';
export {
  deadLetterStream,
  type FencedOutcome,
  type OwnPending,
  RedisStream,
  type StreamMember,
} from './stream/redis-stream.js';
export type { RedisClusterInput, RedisInput, RedisNode } from './stream/redis-target.js';
export { serverIdentity } from './stream/server-identity.js';
export type { DeliveredEntry, StreamEntry } from './stream/stream-entry.js';
export type { GroupInfo, PendingSummary } from './stream/stream-group.js';
export type { DeadLetterRetentionOptions, RetentionOptions } from './upkeep.options.js';

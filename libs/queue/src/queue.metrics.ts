import { LATENCY_BUCKETS, type MetricDefinition } from '@safesync/core';

/** Messages handed out by reads; 0 is added by an empty read, so that the series exists. */
export const MESSAGES_READ = {
  kind: 'counter',
  name: 'coti_safesync_queue_messages_read_total',
  help: 'Total queue messages read',
  labels: ['stream'],
} as const;

export const MESSAGES_ACKED = {
  kind: 'counter',
  name: 'coti_safesync_queue_messages_ack_total',
  help: 'Total queue messages acknowledged',
  labels: ['stream'],
} as const;

export const MESSAGES_CLAIMED = {
  kind: 'counter',
  name: 'coti_safesync_queue_messages_claimed_total',
  help: 'Total stale queue messages claimed',
  labels: ['stream'],
} as const;

/** Only reads that returned something, the time spent waiting included. */
export const READ_LATENCY = {
  kind: 'histogram',
  name: 'coti_safesync_queue_read_latency_seconds',
  help: 'Latency of queue reads',
  labels: ['stream'],
  buckets: LATENCY_BUCKETS,
} as const;

// Handlers: what the ancestor never measured.

/** Every end of a delivery; `outcome` is `done`, `duplicate` (the inbox had it), `skipped` (a replay for another group) or the kind of the decision. */
export const DELIVERIES = {
  kind: 'counter',
  name: 'coti_safesync_queue_deliveries_total',
  help: 'Total message deliveries to handlers, by outcome',
  labels: ['stream', 'group', 'outcome'],
} as const;

/** From the start of the delivery to its commit or rollback; `outcome` as in `DELIVERIES`. */
export const HANDLER_DURATION = {
  kind: 'histogram',
  name: 'coti_safesync_queue_handler_duration_seconds',
  help: 'Duration of message deliveries, transaction included',
  labels: ['stream', 'group', 'outcome'],
  buckets: LATENCY_BUCKETS,
} as const;

/** Messages of each batch, before any division. */
export const BATCH_SIZE = {
  kind: 'histogram',
  name: 'coti_safesync_queue_batch_size',
  help: 'Messages of the batches given to batch handlers',
  labels: ['stream', 'group'],
  buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
} as const;

export const DEAD_LETTERS = {
  kind: 'counter',
  name: 'coti_safesync_queue_dead_letters_total',
  help: 'Total messages moved to a dead-letter stream, by cause',
  labels: ['stream', 'group', 'cause'],
} as const;

export const RETRIES = {
  kind: 'counter',
  name: 'coti_safesync_queue_retries_total',
  help: 'Total messages delivered again by the consumer that failed with them',
  labels: ['stream', 'group'],
} as const;

/** `reason`: `not_mine` (claimed by another consumer meanwhile) or `not_pending` (acknowledged or removed by somebody else). */
export const ACKS_LOST = {
  kind: 'counter',
  name: 'coti_safesync_queue_acks_lost_total',
  help: 'Total committed messages whose acknowledgement found that the message was no longer held',
  labels: ['stream', 'group', 'reason'],
} as const;

/** Messages that another consumer took over before this one had committed; this one rolled back. */
export const LEASES_LOST = {
  kind: 'counter',
  name: 'coti_safesync_queue_leases_lost_total',
  help: 'Total messages given up because another consumer held them',
  labels: ['stream', 'group'],
} as const;

export const GROUPS_RECREATED = {
  kind: 'counter',
  name: 'coti_safesync_queue_group_recreated_total',
  help: 'Total consumer groups created again after they had vanished',
  labels: ['stream', 'group'],
} as const;

/**
 * `reason`: `trimmed` (the stream no longer held the content of a pending message) or `capped` (trimmed with `allowLoss` before
 * the group got it).
 */
export const MESSAGES_LOST = {
  kind: 'counter',
  name: 'coti_safesync_queue_messages_lost_total',
  help: 'Total messages whose content was gone before they were handled',
  labels: ['stream', 'group', 'reason'],
} as const;

/** Entries that upkeep removed; `kind`: `finished`, `dead_letter` or `capped` (see `MESSAGES_LOST`). */
export const ENTRIES_TRIMMED = {
  kind: 'counter',
  name: 'coti_safesync_queue_entries_trimmed_total',
  help: 'Total entries removed from streams by upkeep',
  labels: ['stream', 'kind'],
} as const;

export const CONSUMERS_FORGOTTEN = {
  kind: 'counter',
  name: 'coti_safesync_queue_consumers_forgotten_total',
  help: 'Total idle consumers without a liveness row that were deleted from their group',
  labels: ['stream', 'group'],
} as const;

// What Redis says every few seconds; each process that handles the stream says the same.

export const STREAM_LENGTH = {
  kind: 'gauge',
  name: 'coti_safesync_queue_stream_length',
  help: 'Entries in the stream, finished ones included',
  labels: ['stream'],
} as const;

export const DEAD_LETTERS_KEPT = {
  kind: 'gauge',
  name: 'coti_safesync_queue_dead_letters_kept',
  help: 'Entries in the dead-letter stream',
  labels: ['stream'],
} as const;

export const GROUP_PENDING = {
  kind: 'gauge',
  name: 'coti_safesync_queue_pending',
  help: 'Messages delivered to the group and not acknowledged',
  labels: ['stream', 'group'],
} as const;

/** No sample while Redis does not know it. */
export const GROUP_LAG = {
  kind: 'gauge',
  name: 'coti_safesync_queue_lag',
  help: 'Messages not delivered to the group yet',
  labels: ['stream', 'group'],
} as const;

/** 0 with nothing pending; no sample when the id of the entry is no time. */
export const OLDEST_PENDING_AGE = {
  kind: 'gauge',
  name: 'coti_safesync_queue_oldest_pending_age_seconds',
  help: 'Age of the oldest pending message of the group',
  labels: ['stream', 'group'],
} as const;

/** 0 with everything delivered; no sample when the id of the entry is no time. */
export const OLDEST_UNDELIVERED_AGE = {
  kind: 'gauge',
  name: 'coti_safesync_queue_oldest_undelivered_age_seconds',
  help: 'Age of the oldest message that was not delivered to the group yet',
  labels: ['stream', 'group'],
} as const;

export const GROUP_CONSUMERS = {
  kind: 'gauge',
  name: 'coti_safesync_queue_consumers',
  help: 'Consumers that the group has in Redis',
  labels: ['stream', 'group'],
} as const;

export const GROUP_PAUSED = {
  kind: 'gauge',
  name: 'coti_safesync_queue_paused',
  help: '1 while the group is paused',
  labels: ['stream', 'group'],
} as const;

/** As the active consumer knows them; standbys say 0. */
export const BLOCKED_KEYS = {
  kind: 'gauge',
  name: 'coti_safesync_queue_blocked_keys',
  help: 'Keys whose messages wait until the key is unblocked',
  labels: ['stream', 'group'],
} as const;

export const MESSAGES_PARKED = {
  kind: 'counter',
  name: 'coti_safesync_queue_messages_parked_total',
  help: 'Total messages that were given up and block their key, by cause',
  labels: ['stream', 'group', 'cause'],
} as const;

/** Every metric of this library. */
export const QUEUE_METRICS: readonly MetricDefinition[] = [
  MESSAGES_READ,
  MESSAGES_ACKED,
  MESSAGES_CLAIMED,
  READ_LATENCY,
  DELIVERIES,
  HANDLER_DURATION,
  BATCH_SIZE,
  DEAD_LETTERS,
  RETRIES,
  ACKS_LOST,
  LEASES_LOST,
  GROUPS_RECREATED,
  MESSAGES_LOST,
  ENTRIES_TRIMMED,
  CONSUMERS_FORGOTTEN,
  STREAM_LENGTH,
  DEAD_LETTERS_KEPT,
  GROUP_PENDING,
  GROUP_LAG,
  OLDEST_PENDING_AGE,
  OLDEST_UNDELIVERED_AGE,
  GROUP_CONSUMERS,
  GROUP_PAUSED,
  BLOCKED_KEYS,
  MESSAGES_PARKED,
];

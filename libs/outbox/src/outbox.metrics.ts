import { LATENCY_BUCKETS, type MetricDefinition } from '@safesync/core';

/** `table`: `safesync_inbox`, `safesync_outbox`. */
export const ROWS_PURGED = {
  kind: 'counter',
  name: 'coti_safesync_outbox_rows_purged_total',
  help: 'Total rows deleted after their retention, by table',
  labels: ['table'],
} as const;

/** Messages of the outbox that Redis has confirmed and the database has noted; one published twice counts twice. */
export const OUTBOX_PUBLISHED = {
  kind: 'counter',
  name: 'coti_safesync_outbox_published_total',
  help: 'Total messages published from the outbox',
  labels: ['stream'],
} as const;

/** Messages that Redis had confirmed and did not have any more. */
export const OUTBOX_REPUBLISHED = {
  kind: 'counter',
  name: 'coti_safesync_outbox_republished_total',
  help: 'Total messages of the outbox that Redis had forgotten and that are published again',
  labels: ['stream'],
} as const;

/** `code`: first word of Redis's refusal (`OOM`, `NOPERM`, ...), or `PUBLISH_OUTCOME_UNKNOWN`. Every one is tried again. */
export const OUTBOX_FAILURES = {
  kind: 'counter',
  name: 'coti_safesync_outbox_failures_total',
  help: 'Total attempts to publish a message of the outbox that Redis did not confirm, by cause',
  labels: ['stream', 'code'],
} as const;

/** From the commit where this process made it, else from when the message was due, to the confirmation of Redis. */
export const OUTBOX_LATENCY = {
  kind: 'histogram',
  name: 'coti_safesync_outbox_latency_seconds',
  help: 'Time from commit to publish of messages of the outbox',
  labels: ['stream'],
  buckets: [0.001, 0.0025, ...LATENCY_BUCKETS, 30, 60, 300],
} as const;

/** Every process that relays says the same: take the maximum, not the sum. */
export const OUTBOX_BACKLOG = {
  kind: 'gauge',
  name: 'coti_safesync_outbox_backlog',
  help: 'Messages of the outbox that are due and not published',
  labels: ['db', 'stream'],
} as const;

/** Every process that relays says the same: take the maximum, not the sum. */
export const OUTBOX_OLDEST = {
  kind: 'gauge',
  name: 'coti_safesync_outbox_oldest_waiting_seconds',
  help: 'How long the oldest message of the outbox has been due without being published',
  labels: ['db', 'stream'],
} as const;

/** Every metric of this library. */
export const OUTBOX_METRICS: readonly MetricDefinition[] = [
  ROWS_PURGED,
  OUTBOX_PUBLISHED,
  OUTBOX_REPUBLISHED,
  OUTBOX_FAILURES,
  OUTBOX_LATENCY,
  OUTBOX_BACKLOG,
  OUTBOX_OLDEST,
];

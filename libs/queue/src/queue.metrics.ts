import { LATENCY_BUCKETS } from '@safesync/core';

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

import { LATENCY_BUCKETS, type MetricDefinition } from '@safesync/core';

/** One for every INSERT, REPLACE or UPDATE that ran in a session, when the session ends; `status` is the session's fate. */
export const DB_WRITE_TOTAL = {
  kind: 'counter',
  name: 'coti_safesync_db_write_total',
  help: 'Total DB write operations',
  labels: ['table', 'op_type', 'status'],
} as const satisfies MetricDefinition;

/** From the start of the write to the start of the session's end, so code that runs in between counts. */
export const DB_WRITE_LATENCY = {
  kind: 'histogram',
  name: 'coti_safesync_db_write_latency_seconds',
  help: 'Latency of DB write operations',
  labels: ['table', 'op_type'],
  buckets: LATENCY_BUCKETS,
} as const satisfies MetricDefinition;

/** Successful acquisitions only; a row that does not exist counts as success. */
export const DB_LOCK_ACQUIRE_LATENCY = {
  kind: 'histogram',
  name: 'coti_safesync_db_lock_acquire_latency_seconds',
  help: 'Latency of DB lock acquisition',
  labels: ['strategy'],
  buckets: LATENCY_BUCKETS,
} as const satisfies MetricDefinition;

/** `outcome`: committed, rolled_back, unknown. */
export const DB_SESSIONS_TOTAL = {
  kind: 'counter',
  name: 'coti_safesync_db_sessions_total',
  help: 'Total DB sessions by outcome',
  labels: ['outcome'],
} as const satisfies MetricDefinition;

/** `code`: the stable code of the library's error. */
export const DB_ERRORS_TOTAL = {
  kind: 'counter',
  name: 'coti_safesync_db_errors_total',
  help: 'Total failed DB statements by error code',
  labels: ['code'],
} as const satisfies MetricDefinition;

/** `database`: the name of the connections' default one. Several pools of one name add up, here and below. */
export const DB_POOL_SIZE = {
  kind: 'gauge',
  name: 'coti_safesync_db_pool_size',
  help: 'Connections that the DB pool can open',
  labels: ['database'],
} as const satisfies MetricDefinition;

/** `state`: `busy` in somebody's hands, sessions or others; `idle` open and unused. */
export const DB_POOL_CONNECTIONS = {
  kind: 'gauge',
  name: 'coti_safesync_db_pool_connections',
  help: 'Open connections of the DB pool by state',
  labels: ['database', 'state'],
} as const satisfies MetricDefinition;

export const DB_POOL_WAITING = {
  kind: 'gauge',
  name: 'coti_safesync_db_pool_waiting',
  help: 'Sessions and others that wait for a connection of the DB pool',
  labels: ['database'],
} as const satisfies MetricDefinition;

/** Connections told to `onLeak`. */
export const DB_LEAKS_TOTAL = {
  kind: 'counter',
  name: 'coti_safesync_db_leaks_total',
  help: 'Total DB connections that were lent for longer than leakAfterMs',
  labels: [],
} as const satisfies MetricDefinition;

/** Every metric of this library. */
export const DB_METRICS: readonly MetricDefinition[] = [
  DB_WRITE_TOTAL,
  DB_WRITE_LATENCY,
  DB_LOCK_ACQUIRE_LATENCY,
  DB_SESSIONS_TOTAL,
  DB_ERRORS_TOTAL,
  DB_POOL_SIZE,
  DB_POOL_CONNECTIONS,
  DB_POOL_WAITING,
  DB_LEAKS_TOTAL,
];

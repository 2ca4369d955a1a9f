export { OUTBOX_MIGRATIONS } from './migrations/outbox-migrations.js';
export { Outbox, type OutboxStats } from './outbox/outbox.js';
export type { OutboxMessage, OutboxMessageOptions } from './outbox/outgoing-rows.js';
export type { OutboxFailure, StreamBacklog } from './outbox/waiting-rows.js';
export { OutboxError, OutboxMessageError, OutboxSessionError } from './outbox.errors.js';
export {
  OUTBOX_BACKLOG,
  OUTBOX_FAILURES,
  OUTBOX_LATENCY,
  OUTBOX_METRICS,
  OUTBOX_OLDEST,
  OUTBOX_PUBLISHED,
  OUTBOX_REPUBLISHED,
  ROWS_PURGED,
} from './outbox.metrics.js';
export type {
  InboxOptions,
  RelayOptions,
  SafeSyncOutboxModuleExtras,
  SafeSyncOutboxModuleOptions,
} from './outbox.options.js';
export { SafeSyncOutboxModule } from './safesync-outbox.module.js';

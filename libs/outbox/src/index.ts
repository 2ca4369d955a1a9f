export { OUTBOX_MIGRATIONS } from './migrations/outbox-migrations.js';
export { OUTBOX_METRICS, ROWS_PURGED } from './outbox.metrics.js';
export type { InboxOptions, SafeSyncOutboxModuleExtras, SafeSyncOutboxModuleOptions } from './outbox.options.js';
export { SafeSyncOutboxModule } from './safesync-outbox.module.js';

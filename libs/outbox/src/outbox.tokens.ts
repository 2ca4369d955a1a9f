/** The options as given to `SafeSyncOutboxModule.forRoot`. */
export const OUTBOX_MODULE_OPTIONS = Symbol.for('@safesync/outbox/module-options');

/** The options with their defaults, checked. */
export const OUTBOX_OPTIONS = Symbol.for('@safesync/outbox/options');

/** Where this library's metrics go. */
export const OUTBOX_METRICS_RECORDER = Symbol.for('@safesync/outbox/metrics-recorder');

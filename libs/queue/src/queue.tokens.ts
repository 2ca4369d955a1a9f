/** The options as given to `SafeSyncQueueModule.forRoot`. */
export const QUEUE_MODULE_OPTIONS = Symbol.for('@safesync/queue/module-options');

/** The options with their defaults, checked. */
export const QUEUE_OPTIONS = Symbol.for('@safesync/queue/options');

/** The streams that one `SafeSyncQueueModule.forFeature` registers. */
export const QUEUE_STREAMS = Symbol.for('@safesync/queue/streams');

export const DEFAULT_CONNECTION = 'default';

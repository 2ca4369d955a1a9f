import { MAX_TIMER_MS, OptionFaults } from '@safesync/core';

/** How long the inbox remembers. Durations are in ms. */
export interface InboxOptions {
  /**
   * A message is remembered for so long after it was done. Default 604 800 000 (7 days). A message that comes again later is not run but
   * goes to the dead letters. At least a minute, and `maxDeliveries` times `claimIdleMs` and `retry.maxMs` of each handler.
   */
  readonly retentionMs?: number;
  /** Pause between looks for what is past its retention. Default 60 000. */
  readonly purgeEveryMs?: number;
}

/** What `SafeSyncOutboxModule.forRoot` takes. */
export interface SafeSyncOutboxModuleOptions {
  readonly inbox?: InboxOptions;
}

export interface SafeSyncOutboxModuleExtras {
  /** Database whose tables these are: the `name` of `SafeSyncDbModule.forRoot`. Default: the unnamed one. */
  name?: string;
  /** Default true. */
  isGlobal?: boolean;
}

export interface ResolvedOutboxOptions {
  readonly inbox: Required<InboxOptions>;
}

const DAY_MS = 86_400_000;
/** Whatever the handlers' own times ask for beyond this is checked where they are known. */
const LEAST_RETENTION_MS = 60_000;
const LONGEST_RETENTION_MS = 3_650 * DAY_MS;

/** Fills in the defaults and refuses what cannot work, all faults at once. */
export function resolveOutboxOptions({ inbox }: SafeSyncOutboxModuleOptions = {}): ResolvedOutboxOptions {
  const resolved = { retentionMs: inbox?.retentionMs ?? 7 * DAY_MS, purgeEveryMs: inbox?.purgeEveryMs ?? 60_000 };
  new OptionFaults('SafeSyncOutboxModule')
    .integer('inbox.retentionMs', resolved.retentionMs, LEAST_RETENTION_MS, LONGEST_RETENTION_MS)
    .integer('inbox.purgeEveryMs', resolved.purgeEveryMs, 1, MAX_TIMER_MS)
    .throwIfAny();
  return Object.freeze({ inbox: Object.freeze(resolved) });
}

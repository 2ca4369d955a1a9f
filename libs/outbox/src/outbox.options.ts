import { type BackoffOptions, MAX_TIMER_MS, OptionFaults } from '@safesync/core';

/** How long the inbox remembers. Durations are in ms. */
export interface InboxOptions {
  /**
   * A message is remembered for so long after it was done. Default 604 800 000 (7 days). A message that comes again later is not run but
   * goes to the dead letters. At least a minute, `maxDeliveries` times `claimIdleMs` and `retry.maxMs` of each handler, and `retention.maxAgeMs` of its stream.
   */
  readonly retentionMs?: number;
  /** Pause between looks for what is past its retention. Default 60 000. */
  readonly purgeEveryMs?: number;
}

/** How what was committed reaches Redis. Durations are in ms. */
export interface RelayOptions {
  /**
   * Longest pause between looks into the table. Default 1 000. What this process commits leaves at once; this is how late a message is
   * whose process has died, or that was put off.
   */
  readonly pollMs?: number;
  /** Batches in progress at once, of different streams; each holds a connection of the database's pool. Default 2. */
  readonly concurrency?: number;
  /** Messages of one batch: one transaction, one write to Redis. Default 500. */
  readonly batchSize?: number;
  /** Bytes of one batch. Default 4 194 304. A message that is larger, or that others of its key wait for, may exceed it. */
  readonly batchBytes?: number;
  /** Longest wait for Redis to confirm a batch, during which its rows stay locked. Default 5 000. */
  readonly publishTimeoutMs?: number;
  /** Pause before a message that Redis has refused is tried again. Default 500 ms to 60 s. */
  readonly retry?: BackoffOptions;
  /** How long a published message stays in the table. Default 3 600 000 (an hour). */
  readonly keepPublishedMs?: number;
  /**
   * How far back to look for what Redis has forgotten, when it may have. Default 600 000 (ten minutes). At most `keepPublishedMs`;
   * above the lag of a replica, the age of a snapshot.
   */
  readonly verifyWindowMs?: number;
  /** Pause between looks for what is past `keepPublishedMs`. Default 60 000. */
  readonly purgeEveryMs?: number;
}

/** What `SafeSyncOutboxModule.forRoot` takes. */
export interface SafeSyncOutboxModuleOptions {
  readonly inbox?: InboxOptions;
  /** False: this process only writes to the outbox; another one has to relay. */
  readonly relay?: false | RelayOptions;
}

export interface SafeSyncOutboxModuleExtras {
  /** Database whose tables these are: the `name` of `SafeSyncDbModule.forRoot`. Default: the unnamed one. */
  name?: string;
  /** Default true. */
  isGlobal?: boolean;
}

export interface ResolvedOutboxOptions {
  readonly inbox: Required<InboxOptions>;
  readonly relay: ResolvedRelayOptions | undefined;
}

export type ResolvedRelayOptions = Required<RelayOptions>;

const DAY_MS = 86_400_000;
/** Whatever the handlers' own times ask for beyond this is checked where they are known. */
const LEAST_RETENTION_MS = 60_000;
const LONGEST_RETENTION_MS = 3_650 * DAY_MS;

/** Fills in the defaults and refuses what cannot work, all faults at once. */
export function resolveOutboxOptions({ inbox, relay }: SafeSyncOutboxModuleOptions = {}): ResolvedOutboxOptions {
  const faults = new OptionFaults('SafeSyncOutboxModule');
  const resolved = {
    inbox: resolveInbox(inbox, faults),
    relay: relay === false ? undefined : resolveRelay(relay, faults),
  };
  faults.require(
    (resolved.relay?.verifyWindowMs ?? 0) <= resolved.inbox.retentionMs,
    'relay.verifyWindowMs must not be longer than inbox.retentionMs: what is published again would be done again',
  );
  faults.throwIfAny();
  return Object.freeze(resolved);
}

function resolveInbox(inbox: InboxOptions = {}, faults: OptionFaults): Required<InboxOptions> {
  const resolved = { retentionMs: inbox.retentionMs ?? 7 * DAY_MS, purgeEveryMs: inbox.purgeEveryMs ?? 60_000 };
  faults
    .integer('inbox.retentionMs', resolved.retentionMs, LEAST_RETENTION_MS, LONGEST_RETENTION_MS)
    .integer('inbox.purgeEveryMs', resolved.purgeEveryMs, 1, MAX_TIMER_MS);
  return Object.freeze(resolved);
}

const RELAY_DEFAULTS: ResolvedRelayOptions = {
  pollMs: 1_000,
  concurrency: 2,
  batchSize: 500,
  batchBytes: 4_194_304,
  publishTimeoutMs: 5_000,
  retry: { baseMs: 500, maxMs: 60_000 },
  keepPublishedMs: 3_600_000,
  verifyWindowMs: 600_000,
  purgeEveryMs: 60_000,
};

function resolveRelay(relay: RelayOptions = {}, faults: OptionFaults): ResolvedRelayOptions {
  const given = Object.fromEntries(Object.entries(relay).filter(([, value]) => value !== undefined));
  const resolved: ResolvedRelayOptions = { ...RELAY_DEFAULTS, ...given };
  faults
    .integer('relay.pollMs', resolved.pollMs, 1, MAX_TIMER_MS)
    .integer('relay.concurrency', resolved.concurrency, 1, 100)
    .integer('relay.batchSize', resolved.batchSize, 1, 512)
    .integer('relay.batchBytes', resolved.batchBytes, 1)
    .integer('relay.publishTimeoutMs', resolved.publishTimeoutMs, 1, MAX_TIMER_MS)
    .integer('relay.retry.baseMs', resolved.retry.baseMs, 1)
    .integer('relay.retry.maxMs', resolved.retry.maxMs, 1, LONGEST_RETENTION_MS)
    .integer('relay.keepPublishedMs', resolved.keepPublishedMs, 0, LONGEST_RETENTION_MS)
    .integer('relay.verifyWindowMs', resolved.verifyWindowMs, 0, LONGEST_RETENTION_MS)
    .require(
      resolved.verifyWindowMs <= resolved.keepPublishedMs,
      'relay.verifyWindowMs must not be longer than relay.keepPublishedMs: what is deleted cannot be published again',
    )
    .integer('relay.purgeEveryMs', resolved.purgeEveryMs, 1, MAX_TIMER_MS);
  return Object.freeze(resolved);
}
